"""Reads the texts of a SOAP answer by element. Entities and document types are refused."""

from __future__ import annotations

from xml.parsers import expat


class NotXmlError(ValueError):
    """The answer is not well-formed XML, or has a document type."""


def first_texts(content: bytes) -> dict[str, str]:
    """The text at the start of each element, by its name without prefix.

    Of several elements with one name, the first counts. Raises NotXmlError.
    """
    found: dict[str, str] = {}
    current = ""  # the element whose text is read; "" for an element that is ignored

    def starts(name: str, _attributes: object) -> None:
        nonlocal current
        local = name.rpartition(":")[2]
        current = "" if local in found else local
        if current:
            found[current] = ""

    def ends(_name: str) -> None:
        nonlocal current
        current = ""

    def characters(text: str) -> None:
        if current:
            found[current] += text

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = starts
    parser.EndElementHandler = ends
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # or an unknown encoding
        raise NotXmlError(str(error)) from None
    return found


def _refuse(*_: object) -> None:
    """A document type may declare entities. Answers of Salesforce have none."""
    raise NotXmlError("the answer has a document type")

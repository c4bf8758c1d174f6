"""XML as elements with line and column, parsed without entities or external references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges, feature_namespaces
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

METADATA_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
TOOLING_NAMESPACE = "urn:metadata.tooling.soap.sforce.com"
"""Many projects have it in the descriptions of their classes; the platform accepts it."""
_DOCTYPE_REFUSED = (
    "DOCTYPE is disallowed when the feature "
    '"http://apache.org/xml/features/disallow-doctype-decl" set to true.'
)


@dataclass
class Element:
    """One element; `name` is without namespace prefix, `text` is stripped."""

    name: str
    line: int
    column: int
    text: str = ""
    children: list[Element] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Element | None:
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)

    def every(self, name: str) -> Iterator[Element]:
        """All children of this name."""
        return (child for child in self.children if child.name == name)

    def within(self, name: str) -> Iterator[Element]:
        """All elements of this name at any depth."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.within(name)

    def value(self, name: str, default: str = "") -> str:
        """The text of the first child of this name; `default` if there is none."""
        child = self.find(name)
        return default if child is None else child.text

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The child of this name as a boolean; anything but `true` is false."""
        child = self.find(name)
        return default if child is None else child.text.lower() == "true"

    def digest(self) -> int:
        """A number that is the same for elements with the same content, wherever they are."""
        inner = tuple(child.digest() for child in self.children)
        return hash((self.name, self.text, tuple(self.attributes.items()), inner))


class XmlProblem(Exception):  # noqa: N818 - it becomes a component's problem, not a failure of ours
    """A file is not well-formed XML; `message` is the one of the platform's parser."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column


DEEPEST = 200
"""Levels of elements. Salesforce's own limit is not known; trees are processed recursively."""

_CACHED_BYTES = 32_768


def parse(data: bytes) -> Element:
    """The root element, not to be changed: the same bytes give the same tree again.

    Raises:
        XmlProblem: not well-formed, or with a DOCTYPE (entities are never expanded).
    """
    return _parse_again(data) if len(data) <= _CACHED_BYTES else parse_uncached(data)


@lru_cache(maxsize=1024)  # the orgs of a pool get the same files
def _parse_again(data: bytes) -> Element:
    return parse_uncached(data)


def parse_uncached(data: bytes) -> Element:
    """`parse` without a cache, for requests, which contain sessions."""
    parser = create_parser(forbid_dtd=True)
    handler = _TreeBuilder(parser)
    parser.setFeature(feature_namespaces, False)
    parser.setFeature(feature_external_ges, False)
    parser.setContentHandler(handler)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as refusal:
        raise XmlProblem(_DOCTYPE_REFUSED, 1, 1) from refusal
    except SAXParseException as error:
        _explain(error, handler, data)
    except (ValueError, LookupError) as error:  # an encoding that expat does not support
        raise XmlProblem(str(error), 1, 1) from error
    assert handler.root is not None
    return handler.root


class _TreeBuilder(ContentHandler):
    def __init__(self, position: Locator) -> None:
        super().__init__()
        self.position = position
        self.root: Element | None = None
        self.open: list[Element] = []
        self._texts: list[list[str]] = []

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX's name
        line = self.position.getLineNumber() or 1
        column = (self.position.getColumnNumber() or 0) + 1
        if len(self.open) >= DEEPEST:
            raise XmlProblem(f"Elements are nested in more than {DEEPEST} levels.", line, column)
        attributes = {str(key): str(value) for key, value in attrs.items()}
        element = Element(name.rpartition(":")[2], line, column, attributes=attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self._texts.append([])

    def characters(self, content: str) -> None:
        if self._texts:
            self._texts[-1].append(content)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - SAX's name
        self.open.pop().text = "".join(self._texts.pop()).strip()


def _explain(error: SAXParseException, handler: _TreeBuilder, data: bytes) -> NoReturn:
    """Expat's message in the words of the platform's parser (Xerces)."""
    line = error.getLineNumber() or 1
    column = (error.getColumnNumber() or 0) + 1
    problem = error.getMessage()
    inner = handler.open[-1].name if handler.open else ""
    if problem == "mismatched tag":
        message = (
            f'The element type "{inner}" must be terminated by the matching end-tag "</{inner}>".'
        )
    elif problem == "junk after document element":
        message = "The markup in the document following the root element must be well-formed."
    elif not data.strip():
        message = "Premature end of file."
    elif problem == "XML or text declaration not at start of entity":
        message = 'The processing instruction target matching "[xX][mM][lL]" is not allowed.'
    elif handler.root is None and not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        message = "Content is not allowed in prolog."
    elif problem in ("no element found", "unclosed token"):
        message = "XML document structures must start and end within the same entity."
    elif problem == "undefined entity":
        message = "The entity was referenced, but not declared."
    else:
        message = problem[:1].upper() + problem[1:] + "."
    raise XmlProblem(message, line, column) from error

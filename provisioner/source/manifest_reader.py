"""Reads manifests from files: types and members, each with its line.

expat is used directly, as for other metadata, because only it reports lines. Declared entities
are refused, as by defusedxml.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.parsers import expat

from provisioner.source.documents import NAMESPACE
from provisioner.source.problems import Refusal
from provisioner.source.xml_bytes import refuse_entities

_ROOTS = ("Package", f"{NAMESPACE} Package")
_LEADS_OUT = re.compile(r"^/|(?:^|[/\\])\.\.(?:$|[/\\])")


class Member(NamedTuple):
    """One `<members>` of a manifest."""

    name: str
    line: int


class Types(NamedTuple):
    """One `<types>` of a manifest."""

    name: str
    members: tuple[Member, ...]
    line: int  # of the name, or of the element if it has no name


class Manifest(NamedTuple):
    """The content of a manifest."""

    types: tuple[Types, ...]
    version: str  # "" if there is none


def read_manifest(text: bytes, path: str) -> Manifest:
    """The content of a manifest. Raises Refusal, also for names that lead out of the package."""
    found = _Reader(text, path).read()
    for types in found.types:
        for member in types.members:
            if _LEADS_OUT.search(member.name):
                message = f"the path of {types.name} {member.name} leads out of the package"
                raise Refusal("", path, message, member.line)
    return found


class _Reader:
    """Parses one manifest with expat."""

    def __init__(self, text: bytes, path: str) -> None:
        self._text, self._path = text, path
        self._found: list[Types] = []
        self._open: list[str] = []  # the local names of the enclosing elements
        self._characters: list[str] = []
        self._name, self._members = Member("", 0), list[Member]()
        self._line = 0
        self._version = ""
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._starts
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._characters.append
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._refuse_entity

    def read(self) -> Manifest:
        try:
            self._parser.Parse(self._text, True)
        except expat.ExpatError as error:
            message = f"malformed XML: {expat.ErrorString(error.code)}"
            raise Refusal(
                "LibraryError", self._path, message, error.lineno, error.offset + 1
            ) from None
        return Manifest(tuple(self._found), self._version)

    def _starts(self, full_name: str, _attributes: object) -> None:
        if not self._open and full_name not in _ROOTS:
            message = f'not a manifest: the root element must be <Package xmlns="{NAMESPACE}">'
            raise Refusal("LibraryError", self._path, message, self._parser.CurrentLineNumber)
        self._open.append(full_name.rpartition(" ")[2])
        self._characters.clear()
        self._line = self._parser.CurrentLineNumber
        if self._open[1:] == ["types"]:
            self._name, self._members = Member("", self._line), []

    def _ends(self, _full_name: str) -> None:
        location = self._open[1:]
        text = "".join(self._characters).strip()
        if location == ["types", "name"] and not self._name.name:
            self._name = Member(text, self._line)
        elif location == ["types", "members"]:
            self._members.append(Member(text, self._line))
        elif location == ["types"]:
            self._found.append(Types(self._name.name, tuple(self._members), self._name.line))
        elif location == ["version"]:
            self._version = text
        self._open.pop()
        self._characters.clear()

    def _refuse_entity(self, *_: object) -> None:
        refuse_entities(self._text, self._path)
        line = self._parser.CurrentLineNumber
        raise Refusal(
            "LibraryError", self._path, "the XML uses an entity that is not declared", line
        )

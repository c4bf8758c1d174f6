"""Manifests as files give them: types and members, each with its line.

expat is asked itself, as for other metadata, because only it tells the lines; entities that a
manifest declares are refused, as defusedxml does.
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
    line: int  # of the name, or of the whole where it has none


class Manifest(NamedTuple):
    """What a manifest says."""

    types: tuple[Types, ...]
    version: str  # "" where it names none


def read_manifest(text: bytes, path: str) -> Manifest:
    """What a manifest lists. Raises Refusal for one that is no manifest, or leads out."""
    found = _Reader(text, path).read()
    for types in found.types:
        for member in types.members:
            if _LEADS_OUT.search(member.name):
                message = f"{types.name} {member.name} leads out of the package"
                raise Refusal("usage", path, message, member.line)
    return found


class _Reader:
    """Runs expat over one manifest."""

    def __init__(self, text: bytes, path: str) -> None:
        self._text, self._path = text, path
        self._found: list[Types] = []
        self._open: list[str] = []  # the local names of the elements around
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
            message = f'it is no manifest: its root must be <Package xmlns="{NAMESPACE}">'
            raise Refusal("LibraryError", self._path, message, self._parser.CurrentLineNumber)
        self._open.append(full_name.rpartition(" ")[2])
        self._characters.clear()
        self._line = self._parser.CurrentLineNumber
        if self._open[1:] == ["types"]:
            self._name, self._members = Member("", self._line), []

    def _ends(self, _full_name: str) -> None:
        place = self._open[1:]
        text = "".join(self._characters).strip()
        if place == ["types", "name"] and not self._name.name:
            self._name = Member(text, self._line)
        elif place == ["types", "members"]:
            self._members.append(Member(text, self._line))
        elif place == ["types"]:
            self._found.append(Types(self._name.name, tuple(self._members), self._name.line))
        elif place == ["version"]:
            self._version = text
        self._open.pop()
        self._characters.clear()

    def _refuse_entity(self, *_: object) -> None:
        refuse_entities(self._text, self._path)
        line = self._parser.CurrentLineNumber
        raise Refusal("LibraryError", self._path, "the XML uses an entity that is not in it", line)

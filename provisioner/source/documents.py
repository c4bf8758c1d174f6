"""Metadata XML, cut into pieces without being written anew.

A file that is put together out of others takes over their bytes: white space between elements
means nothing to Salesforce, and what was not touched cannot be damaged. expat checks that a
file is well-formed and tells where its pieces lie; entities and external references that a file
declares are refused, as defusedxml does. Source: docs/reference/source-format.md#xml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from provisioner.source.problems import Oddity, Refusal
from provisioner.source.xml_bytes import is_plain, prepared, refuse_entities, trimmed

DEEPEST = 200
"""Levels of elements in a file that is taken apart; no metadata type comes near."""

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
# Nothing before the root but the declaration, and no attribute but the namespace.
_PLAIN_START = re.compile(
    rb"(?:<\?xml[^>]*\?>)?\s*<(\w+) xmlns=[\"']" + NAMESPACE.encode() + rb"[\"']\s*>"
)
_ELEMENT = re.compile(rb"\s*<\w")
_ONLY_NAMESPACE = (("xmlns", NAMESPACE),)
_TAGS = re.compile(rb"^<[^>]*>|</[^>]*>$")


class Section(NamedTuple):
    """One element below the root, with its bytes; no name for what stands between elements."""

    name: str
    text: bytes
    key: str = ""  # the text of the element that was asked for
    line: int = 1


class Document(NamedTuple):
    """The root of a file with its attributes (as name and value), and what is in it."""

    root: str
    attributes: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = ()
    body: bytes = b""  # all between the tags of the root
    element: bytes = b""  # the root with its tags
    oddity: Oddity | None = None
    has_prologue_comment: bool = False

    @property
    def own_attributes(self) -> bytes:
        """The attributes without the namespace, as they stand in a tag."""
        if self.attributes is _ONLY_NAMESPACE:
            return b""
        return attributes_text(item for item in self.attributes if item[0] != "xmlns")

    @property
    def keys(self) -> int:
        """How many different things the root holds, its attributes among them."""
        return len(self.attributes) + len({section.name for section in self.sections})


def attributes_text(attributes: Iterable[tuple[str, str]]) -> bytes:
    """` name="value"` for each attribute."""
    return "".join(f' {name}="{escaped(value)}"' for name, value in attributes).encode()


def escaped(text: str) -> str:
    """Text for between tags or quotes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&apos;")


def text_of(section: Section) -> str:
    """The text of an element that holds nothing else."""
    return trimmed(_TAGS.sub(b"", section.text).decode())


def read_body(data: bytes, path: str) -> Document:
    """A file of which only the whole inside is wanted."""
    return _plain_body(data) or _Reader(data, path).read(has_sections=False)


def _plain_body(data: bytes) -> Document | None:
    """As `read_body`, for the files that are most: expat need not call us back for them."""
    start = _PLAIN_START.match(data)
    if start is None or not is_plain(data):
        return None
    root = start[1]
    if not data.rstrip().endswith(b"</%s>" % root):
        return None
    try:
        expat.ParserCreate("utf-8").Parse(data, True)
    except expat.ExpatError:
        return None  # found again, and said, by the reader
    body = data[start.end() : data.rindex(b"</")]
    body = body.replace(b"\r\n", b"\n") if b"\r" in body else body
    return Document(root.decode(), _ONLY_NAMESPACE, body=body)


def read_sections(data: bytes, path: str, keys: Mapping[str, str] | None = None) -> Document:
    """A file cut into the elements below its root.

    `keys` names, for an element, the element inside it whose text identifies it.
    """
    return _Reader(data, path, keys).read(has_sections=True)


def has_content(data: bytes, path: str, root: str) -> bool:
    """Whether a file's root has this name and holds more than one thing, counting attributes."""
    plain = _PLAIN_START.match(data)
    if plain and plain[1] == root.encode() and _ELEMENT.match(data, plain.end()):
        return True  # the namespace and an element
    document = read_sections(data, path)
    return document.root == root and document.keys > 1


class _Reader:
    """Runs expat over one file and notes where the elements below the root begin and end."""

    def __init__(self, data: bytes, path: str, keys: Mapping[str, str] | None = None) -> None:
        self._data, self._oddity = prepared(data, path)
        self._path = path
        self._keys = keys or {}
        self._parser = expat.ParserCreate("utf-8")
        self._parser.ordered_attributes = True
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._root_starts
        self._root = ""
        self._root_at = 0
        self._has_markup = False
        self._attributes: tuple[tuple[str, str], ...] = ()
        self._depth = 0
        self._spans: list[tuple[str, int, int, str, int]] = []
        self._start = ("", 0, 0, 1)
        self._key: list[str] | None = None
        self._key_name = ""

    def read(self, *, has_sections: bool) -> Document:
        self._has_sections = has_sections
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            message = f"malformed XML: {expat.ErrorString(error.code)}"
            raise Refusal(
                "LibraryError", self._path, message, error.lineno, error.offset + 1
            ) from None
        body_start = self._tag_end(self._root_at, self._has_markup)
        is_empty = self._data[body_start - 2 : body_start] == b"/>"
        body_end = body_start if is_empty else self._root_end()
        return Document(
            self._root,
            self._attributes,
            tuple(self._sections(body_start, body_end)) if has_sections else (),
            self._data[body_start:body_end],
            self._data[self._root_at : self._tag_end(body_end) if not is_empty else body_end],
            self._oddity,
            b"<!--" in self._data[: self._root_at],
        )

    def _tag_end(self, at: int, has_markup: bool = False) -> int:
        """Where a tag ends; `has_markup`: an attribute's value holds a `>`."""
        if not has_markup:
            return self._data.index(b">", at) + 1
        match = _START_TAG.match(self._data, at)
        return match.end() if match else len(self._data)

    def _root_end(self) -> int:
        """Where the last tag begins; only comments and instructions may follow it."""
        at = self._data.rindex(b"</")
        if self._data.find(b"-->", at) < 0 and self._data.find(b"?>", at) < 0:
            return at
        end = rb"</%s\s*>(?>\s+|<!--.*?-->|<\?.*?\?>)*+\Z" % re.escape(self._root.encode())
        match = re.search(end, self._data, re.DOTALL)
        return match.start() if match else at

    def _sections(self, at: int, end: int) -> list[Section]:
        sections = []
        for name, start, stop, key, line in [*self._spans, ("", end, end, "", 0)]:
            between = self._data[at:start].strip()
            if between:
                sections.append(Section("", between))
            if name:
                sections.append(Section(name, self._data[start:stop], key, line))
            at = stop
        return sections

    def _root_starts(self, name: str, attributes: list[str]) -> None:
        self._root = name
        self._root_at = self._parser.CurrentByteIndex
        self._attributes = tuple(zip(attributes[::2], attributes[1::2], strict=True))
        self._has_markup = any(">" in value for value in attributes)
        self._parser.StartElementHandler = None
        if self._has_sections:
            self._parser.StartElementHandler = self._starts
            self._parser.EndElementHandler = self._ends

    def _starts(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"elements lie in each other in more than {DEEPEST} levels"
            line = self._parser.CurrentLineNumber
            raise Refusal("LibraryError", self._path, message, line)
        if self._depth == 1:
            at = self._parser.CurrentByteIndex
            end = self._tag_end(at, any(">" in value for value in attributes))
            self._start = (name, at, end, self._parser.CurrentLineNumber)
            self._key_name = self._keys.get(name, "")
            self._key = None
        elif self._depth == 2 and name == self._key_name and self._key is None:
            self._key = []
            self._parser.CharacterDataHandler = self._key.append

    def _ends(self, _name: str) -> None:
        self._depth -= 1
        if self._depth == 1:
            self._parser.CharacterDataHandler = None
        elif self._depth == 0:
            name, start, end, line = self._start
            if self._data[end - 2 : end] != b"/>":
                end = self._tag_end(self._parser.CurrentByteIndex)
            key = trimmed("".join(self._key or ()))
            self._spans.append((name, start, end, key, line))

    def _refuse_entity(self, *_: object) -> None:
        refuse_entities(self._data, self._path)
        raise Refusal("LibraryError", self._path, "the XML declares an entity")

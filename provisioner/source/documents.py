"""Metadata XML, split into pieces of its original bytes.

A file that is composed of others contains their original bytes: white space between elements has
no meaning to Salesforce, and unchanged bytes cannot be damaged. expat checks that a file is
well-formed and reports where its pieces are. Declared entities and external references are
refused, as by defusedxml. Source: docs/reference/source-format.md#xml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from provisioner.source.problems import Refusal, WarningKind
from provisioner.source.xml_bytes import is_plain, prepared, refuse_entities, trimmed

DEEPEST = 200
"""Maximum depth of elements in a file that is parsed; no metadata type needs as many."""

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
# Only the declaration before the root, and no attribute except the namespace.
_PLAIN_START = re.compile(
    rb"(?:<\?xml[^>]*\?>)?\s*<(\w+) xmlns=[\"']" + NAMESPACE.encode() + rb"[\"']\s*>"
)
_ELEMENT = re.compile(rb"\s*<\w")
_ONLY_NAMESPACE = (("xmlns", NAMESPACE),)
_TAGS = re.compile(rb"^<[^>]*>|</[^>]*>$")


class Section(NamedTuple):
    """One element below the root, with its bytes; text between elements has no name."""

    name: str
    text: bytes
    key: str = ""  # the text of the requested key element
    line: int = 1


class Document(NamedTuple):
    """The root of a file, its attributes (name and value), and its content."""

    root: str
    attributes: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = ()
    body: bytes = b""  # everything between the tags of the root
    element: bytes = b""  # the root with its tags
    warning: WarningKind | None = None
    has_prologue_comment: bool = False

    @property
    def own_attributes(self) -> bytes:
        """The attributes without the namespace, as in a tag."""
        if self.attributes is _ONLY_NAMESPACE:
            return b""
        return attributes_text(item for item in self.attributes if item[0] != "xmlns")

    @property
    def keys(self) -> int:
        """The number of distinct names in the root, including its attributes."""
        return len(self.attributes) + len({section.name for section in self.sections})


def attributes_text(attributes: Iterable[tuple[str, str]]) -> bytes:
    """` name="value"` for each attribute."""
    return "".join(f' {name}="{escaped(value)}"' for name, value in attributes).encode()


def escaped(text: str) -> str:
    """Text, escaped for use between tags or quotes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&apos;")


def text_of(section: Section) -> str:
    """The text of an element that has no child elements."""
    return trimmed(_TAGS.sub(b"", section.text).decode())


def read_body(data: bytes, path: str) -> Document:
    """A file of which only the content of the root is needed."""
    return _plain_body(data) or _Reader(data, path).read(has_sections=False)


def _plain_body(data: bytes) -> Document | None:
    """As `read_body`, for most files: fast, because expat calls no handler."""
    start = _PLAIN_START.match(data)
    if start is None or not is_plain(data):
        return None
    root = start[1]
    if not data.rstrip().endswith(b"</%s>" % root):
        return None
    try:
        expat.ParserCreate("utf-8").Parse(data, True)
    except expat.ExpatError:
        return None  # the full reader finds and reports it
    body = data[start.end() : data.rindex(b"</")]
    body = body.replace(b"\r\n", b"\n") if b"\r" in body else body
    return Document(root.decode(), _ONLY_NAMESPACE, body=body)


def read_sections(data: bytes, path: str, keys: Mapping[str, str] | None = None) -> Document:
    """A file, split into the elements below its root.

    `keys` maps the name of an element to the child element whose text identifies it.
    """
    return _Reader(data, path, keys).read(has_sections=True)


def has_content(data: bytes, path: str, root: str) -> bool:
    """Whether a file's root has this name and more than one element or attribute."""
    plain = _PLAIN_START.match(data)
    if plain and plain[1] == root.encode() and _ELEMENT.match(data, plain.end()):
        return True  # the namespace and an element
    document = read_sections(data, path)
    return document.root == root and document.keys > 1


class _Reader:
    """Parses one file with expat and records where the elements below the root start and end."""

    def __init__(self, data: bytes, path: str, keys: Mapping[str, str] | None = None) -> None:
        self._data, self._warning = prepared(data, path)
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
            self._warning,
            b"<!--" in self._data[: self._root_at],
        )

    def _tag_end(self, at: int, has_markup: bool = False) -> int:
        """The end of a tag; `has_markup`: the value of an attribute contains `>`."""
        if not has_markup:
            return self._data.index(b">", at) + 1
        match = _START_TAG.match(self._data, at)
        return match.end() if match else len(self._data)

    def _root_end(self) -> int:
        """The start of the last tag; only comments and instructions may follow it."""
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
            message = f"elements are nested more than {DEEPEST} levels deep"
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

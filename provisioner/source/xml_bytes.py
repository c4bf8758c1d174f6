"""Normalises metadata XML as the official converter does: line ends, entities, white space.

Source: docs/reference/source-format.md#xml.
"""

from __future__ import annotations

import re

from provisioner.source.problems import Refusal, WarningKind

MOST_ENTITIES = 50_000
_DECLARED_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s+)?([^\s>]*)")
_ENTITY = rb"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)(?=[A-Za-z_:][\w.:-]*;)"
_UNKNOWN_ENTITY = re.compile(_ENTITY)
# The official converter turns text that looks like a numeric reference into the character.
_QUOTED_REFERENCE = re.compile(rb"&amp;#(\d+|x[\da-fA-F]+);")
_OUTSIDE_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|" + _ENTITY, re.DOTALL)
# White space in JavaScript and not in XML, as text and in UTF-8.
_RARE = "\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_RARE_BYTES = (
    rb"(?:\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
    rb"|\xef\xbb\xbf)"
)
_RARE_RUN = re.compile(rb"%s(?:\s|%s)*" % (_RARE_BYTES, _RARE_BYTES))
_SPACE = re.compile(f"^[\\s{_RARE}]+|[\\s{_RARE}]+$")


def trimmed(text: str) -> str:
    """Text without leading and trailing white space, as JavaScript defines it."""
    return _SPACE.sub("", text)


def is_plain(data: bytes) -> bool:
    """Whether only line ends may need a change."""
    if b"&" in data and (
        b"&amp;#" in data or _UNKNOWN_ENTITY.search(data) or data.count(b"&") > MOST_ENTITIES
    ):
        return False
    return data.isascii() or not _RARE_RUN.search(data)


def refuse_entities(data: bytes, path: str) -> None:
    """Raise Refusal if a file declares an entity; Salesforce never writes such files."""
    declared = _DECLARED_ENTITY.search(data) if b"<!ENTITY" in data else None
    if declared:
        name = declared[1].decode("utf-8", "replace")
        raise Refusal(
            "LibraryError",
            path,
            f"the XML declares an entity, {name}; replace it by its text",
            data.count(b"\n", 0, declared.start()) + 1,
        )


def prepared(data: bytes, path: str) -> tuple[bytes, WarningKind | None]:
    """The normalised bytes: LF, known entities, trimmed texts. Raises Refusal."""
    if b"\0" in data:  # UTF-16, which the official converter cannot read, either
        raise Refusal("LibraryError", path, "malformed XML: it is not UTF-8")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    warning = None
    if b"&" in data:
        if data.count(b"&") > MOST_ENTITIES:
            raise Refusal("LibraryError", path, f"more than {MOST_ENTITIES} entities in a file")
        if _QUOTED_REFERENCE.search(data):
            data, warning = _QUOTED_REFERENCE.sub(rb"&#\1;", data), WarningKind.QUOTED_REFERENCE
        if _UNKNOWN_ENTITY.search(data):
            known = _OUTSIDE_CDATA.sub(_literal, data)
            warning = WarningKind.UNKNOWN_ENTITY if known != data else warning
            data = known
    if not data.isascii() and _RARE_RUN.search(data, 3):
        data = _RARE_RUN.sub(_inner_space, data)
    return data, warning


def _literal(match: re.Match[bytes]) -> bytes:
    return b"&amp;" if match[0] == b"&" else match[0]


def _inner_space(match: re.Match[bytes]) -> bytes:
    """The white space of a match, or nothing at the start or end of a text."""
    data, start = match.string, match.start()
    while start and data[start - 1 : start].isspace():
        start -= 1
    is_outer = data.startswith(b"</", match.end()) or data[start - 1 : start] == b">"
    return b"" if is_outer else match[0]

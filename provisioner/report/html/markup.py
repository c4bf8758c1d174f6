"""HTML from parts: each text is escaped where it enters, so that no source has to be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from provisioner.plain_text import safe_lines

EMPTY = frozenset({"meta", "link"})
"""Elements without content."""


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


Part = str | Iterable["Part"] | None
"""A text, a Markup, parts in order, or nothing."""


def element(name: str, attributes: Mapping[str, str | None] | None = None, *parts: Part) -> Markup:
    """An element; an attribute whose value is None is left out, one with "" has no value."""
    written = "".join(
        f" {key}" if value == "" else f' {key}="{text(value)}"'
        for key, value in (attributes or {}).items()
        if value is not None
    )
    if name in EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(parts)}</{name}>")


def joined(part: Part) -> Markup:
    """All parts one after the other, texts escaped."""
    if part is None:
        return Markup("")
    if isinstance(part, Markup):
        return part
    if isinstance(part, str):
        return text(part)
    return Markup("".join(map(joined, part)))


def text(value: str) -> Markup:
    """A text for an element or an attribute, with control characters as escapes."""
    return Markup(escape(safe_lines(value), quote=True))

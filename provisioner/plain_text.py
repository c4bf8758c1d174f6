"""Makes texts from outside (an org, a file, a row of the ledger) safe to print and to store.

It is used where text leaves the program, so that no source of a text has to be trusted.
`quantity` writes a number with its noun.
"""

from __future__ import annotations

import re

CONTINUED = "\n  | "
"""The start of each further line of a text, so that a text cannot imitate a message."""

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: colours, titles, cursor, bell
    "\u2028\u2029"  # line ends that only some programs know
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of writing
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible
    "\ud800-\udfff]"  # halves of characters
)
_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=#)(?=#(?:\[|vso\[|teamcity\[))", re.MULTILINE | re.I)
"""Commands of CI systems: `::set-output` at the start of a line, `##[…` anywhere."""


def visible(text: str) -> str:
    """`text` with control characters as visible escapes; line ends are kept."""
    return _CONTROL.sub(_escape, text)


def shown(text: str) -> str:
    """A text that is safe to print: visible, with marked further lines and without CI commands."""
    return _COMMAND.sub(r"\1\\", visible(text.rstrip("\n").replace("\n", CONTINUED)))


def safe_lines(text: str) -> str:
    """A text of several lines for a file, which may be printed: visible, without CI commands."""
    return _COMMAND.sub(r"\1\\", visible(text))


def cell(text: str) -> str:
    """A text on one line, for a table."""
    return shown(" ".join(text.split("\n")))


def quantity(count: int, noun: str) -> str:
    """`1 org`, `3 orgs`, `1,200 files`. The plural of `noun` must end with an added s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def wrapped(line: str, width: int) -> list[str]:
    """A line, divided at spaces so that no part but a long word exceeds `width` characters.

    Further parts are indented more than the first one.
    """
    if len(line) <= width:
        return [line]
    import textwrap

    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

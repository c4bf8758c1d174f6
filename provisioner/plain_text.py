"""Texts from outside (an org, a file, another's row) made harmless for whoever shows or keeps them.

Used where text leaves the program, so that no source of a text has to be trusted or cleaned.
"""

from __future__ import annotations

import re

CONTINUED = "\n  | "
"""Before each further line of one text: so a text cannot look like another line of ours."""

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: colours, titles, cursor, bell
    "\u2028\u2029"  # line ends that only some programs know
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of writing
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible
    "\ud800-\udfff]"  # halves of characters
)
_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=#)(?=#(?:\[|vso\[|teamcity\[))", re.MULTILINE | re.I)
"""Where CI systems look for commands: `::set-output` at the start of a line, `##[…` anywhere."""


def visible(text: str) -> str:
    """`text` with what steers a terminal or an editor as visible escapes; line ends stay."""
    return _STEERING.sub(_escape, text)


def shown(text: str) -> str:
    """One text as it may be written to a stream: visible, its further lines marked, no command."""
    return _COMMAND.sub(r"\1\\", visible(text.rstrip("\n").replace("\n", CONTINUED)))


def cell(text: str) -> str:
    """One text on one line, for a table."""
    return shown(" ".join(text.split("\n")))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

"""Values and comments as YAML text that means the same to every reader, for any text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.draft.model import Variable
from provisioner.plain_text import visible
from provisioner.redaction import redact

WIDTH = 110
LONGEST_COMMENT = 2_000  # characters
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./@-]*|04t[A-Za-z0-9]{12,15}|[1-9][0-9]*[dhm]")
_WORDS = frozenset(
    {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "..", "...", ".inf", ".nan"}
)
_NUMBER = re.compile(r"[0-9._]*[0-9_]+[0-9._]*([eE][0-9]+)?")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def scalar(value: Any) -> str:
    """A value as a YAML scalar; a text is quoted where a reader could take it for anything else.

    A literal `${` of a text is written as `$${`, because pool.yaml reads `${NAME}` from the
    environment.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Variable):
        return f'"${{{value}}}"'
    return text_scalar(str(value).replace("${", "$${"))


def text_scalar(text: str) -> str:
    """A text as a YAML scalar, for any reader of YAML."""
    is_word = text.lower() in _WORDS or _NUMBER.fullmatch(text)
    if _PLAIN.fullmatch(text) and not is_word:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: Any) -> str:
    """A value on one line: a list as `[a, b]`, a mapping as `{ key: value }`."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def entry(key: str, value: Any, indent: str) -> Iterator[str]:
    """`key: value` as lines: on one line if it is short enough, else with one line per item."""
    short = f"{indent}{scalar(key)}: {flow(value)}"
    if len(short) <= WIDTH or not isinstance(value, Mapping | list | tuple) or not value:
        yield short
        return
    yield f"{indent}{scalar(key)}:"
    below = f"{indent}  "
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from entry(str(name), item, below)
    else:
        yield from (f"{below}- {flow(item)}" for item in value)


def comment(text: str, indent: str = "", hanging: str = "") -> Iterator[str]:
    """A text as comment lines, the second and later ones after `hanging`.

    Nothing in the text can end the comment, and credentials in it are removed.
    """
    one_line = " ".join(visible(redact(text[:LONGEST_COMMENT])).split())
    safe = "".join(c if c.isprintable() else _escaped(c) for c in one_line)
    width = max(WIDTH - len(indent) - 2, 40)
    lines = textwrap.wrap(
        safe, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    yield from (f"{indent}# {line}" for line in lines)


def commented(line: str, indent: str) -> str:
    """A line of YAML that is indented by at least `indent`, behind a #."""
    return f"{indent}# {line[len(indent) :]}"

"""Apex source as tokens with line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "number", "string", "symbol", "end"]


class ApexProblem(Exception):  # noqa: N818 - it becomes a compile problem, not a failure of ours
    """Code does not compile; texts are those of the platform's compiler, positions from 1."""

    def __init__(self, text: str, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}: {text}")
        self.text = text
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Token:
    """One token; names keep their case and are compared by `lower`."""

    kind: Kind
    text: str
    line: int
    column: int

    @property
    def lower(self) -> str:
        """The text in lower case, in which names are compared."""
        return self.text.lower()


_PATTERN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<open>/\*)
  | (?P<string>'''.*?'''|'(?:[^'\\\n]|\\.)*')
  | (?P<number>\d+(?:\.\d+)?[lLdD]?|\.\d+[dD]?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<symbol>\?\.|\?\?=?|=>|===?|!==?|<=|&&|\|\||\+\+|--|[-+*/%&|^]=|<<=?|<>
      |[-+*/%&|^=<>!?:;,.(){}\[\]@~])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(source: str) -> list[Token]:
    """The tokens of a source text, the last one of kind `end`.

    Raises:
        ApexProblem: an open string or comment, or a character that Apex does not have.
    """
    tokens: list[Token] = []
    position, line, line_start = 0, 1, 0
    while position < len(source):
        match = _PATTERN.match(source, position)
        column = position - line_start + 1
        if match is None or match.lastgroup == "open":
            raise _unreadable(source, position, line, column)
        text = match.group()
        if match.lastgroup != "space":
            kind: Kind = match.lastgroup  # type: ignore[assignment]
            tokens.append(Token(kind, text, line, column))
        if "\n" in text:
            line += text.count("\n")
            line_start = position + text.rindex("\n") + 1
        position = match.end()
    tokens.append(Token("end", "<EOF>", line, position - line_start + 1))
    return tokens


def _unreadable(source: str, position: int, line: int, column: int) -> ApexProblem:
    if source.startswith("'", position):
        return ApexProblem("Missing closing quote character ' on string.", line, column)
    if source.startswith("/*", position):
        return ApexProblem("Missing closing mark */ on multi-line comment.", line, column)
    text = f"Unrecognized symbol '{source[position]}', which is not a valid Apex identifier."
    return ApexProblem(text, line, column)

"""SOQL text → tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from provisioner.emulator.soql.errors import malformed


class Kind(Enum):
    """The kind of a token; keywords are names, because SOQL reserves few words."""

    NAME = "name"
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True)
class Token:
    """`text` as written (a string with its quotes), `position` in characters from the start."""

    kind: Kind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these keywords (given in upper case), in any case."""
        return self.kind is Kind.NAME and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        """Whether this is one of these symbols."""
        return self.kind is Kind.SYMBOL and self.text in symbols


_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<datetime>\d{4}-\d{2}-\d{2}[Tt][0-9:.]*(?:[Zz]|[+-][0-9:]*)?)
  | (?P<date>\d{4}-\d{2}-\d{2})
  | (?P<decimal>[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?\d+[eE][+-]?\d+)
  | (?P<integer>[+-]?\d+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<symbol><>|!=|<=|>=|[=<>(),.:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
MAXIMUM_LENGTH = 100_000  # characters of one statement


def tokenise(query: str) -> list[Token]:
    """All tokens, the last one of kind END. Raises MALFORMED_QUERY."""
    if not query.strip():
        raise malformed("SOQL statements cannot be empty or null")
    if len(query) > MAXIMUM_LENGTH:
        raise malformed("SOQL statements should not be larger than 100000 characters.")
    tokens: list[Token] = []
    position = 0
    while position < len(query):
        match = _PATTERN.match(query, position)
        if match is None:
            raise _illegal(query, position)
        if match.lastgroup != "space":
            tokens.append(Token(Kind(match.lastgroup), match.group(), position))
        position = match.end()
    tokens.append(Token(Kind.END, "", len(query)))
    return tokens


def _illegal(query: str, position: int) -> Exception:
    line_start = query.rfind("\n", 0, position) + 1
    position_text = f"line {query.count(chr(10), 0, position) + 1}:{position - line_start}"
    if query[position] == "'":
        return malformed(f"{position_text} mismatched character '<EOF>' expecting '''")
    return malformed(f"{position_text} unexpected token: '{query[position]}'")

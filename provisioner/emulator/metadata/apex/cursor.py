"""A position in a list of Apex tokens, and how to move it."""

from __future__ import annotations

from typing import NoReturn

from provisioner.emulator.metadata.apex.tokens import ApexProblem, Token, tokenize
from provisioner.emulator.metadata.apex.tree import TypeName, Unit

_NO_TYPES = frozenset(
    {"new", "return", "throw", "else", "instanceof", "this", "super", "null", "true", "false"}
)


class Cursor:
    """Reads tokens one by one; the syntax tree is built in `unit`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.index = 0
        self.unit = Unit()

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.index]

    def peek(self, ahead: int = 1) -> Token:
        """A later token; the end token beyond the end."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Read the next token."""
        token = self.token
        if token.kind != "end":
            self.index += 1
        return token

    def at(self, *symbols: str) -> bool:
        """Whether one of these symbols comes next."""
        return self.token.kind == "symbol" and self.token.text in symbols

    def at_word(self, *words: str) -> bool:
        """Whether one of these words (lower case) comes next."""
        return self.token.kind == "name" and self.token.lower in words

    def accept(self, symbol: str) -> bool:
        """Read a symbol if it comes next."""
        if self.at(symbol):
            self.take()
            return True
        return False

    def accept_word(self, *words: str) -> bool:
        """Read a word if it comes next."""
        if self.at_word(*words):
            self.take()
            return True
        return False

    def expect(self, symbol: str) -> Token:
        """Read a symbol; if it is missing, raise the error of the platform's compiler."""
        if self.at(symbol):
            return self.take()
        token = self.token
        if token.kind == "end":
            raise ApexProblem(f"Expecting '{symbol}' but was: '<EOF>'", token.line, token.column)
        if symbol in ";)]":
            text = f"Missing '{symbol}' at '{token.text}'"
            raise ApexProblem(text, token.line, token.column)
        return self.unexpected()

    def expect_name(self) -> Token:
        """Read a name."""
        if self.token.kind == "name":
            return self.take()
        return self.unexpected()

    def unexpected(self) -> NoReturn:
        """The error of an unexpected token."""
        token = self.token
        if token.kind == "end":
            raise ApexProblem("Unexpected <EOF>", token.line, token.column)
        raise ApexProblem(f"Unexpected token '{token.text}'.", token.line, token.column)

    def type_name(self) -> TypeName:
        """Read a type with its arguments and brackets: `Map<Id, List<Account>>[]`."""
        if self.at_word(*_NO_TYPES):
            self.unexpected()
        first = self.expect_name()
        parts = [first.text]
        self._type_arguments()
        while self.at(".") and self.peek().kind == "name":
            self.take()
            parts.append(self.take().text)
            self._type_arguments()
        is_list = False
        while self.at("[") and self.peek().text == "]":
            self.take()
            self.take()
            is_list = True
        named = TypeName(".".join(parts), first.line, first.column, is_list)
        self.unit.types.append(named)
        return named

    def _type_arguments(self) -> None:
        if not self.accept("<"):
            return
        self.type_name()
        while self.accept(","):
            self.type_name()
        self.expect(">")

    def text_between(self, start: Token, end: Token) -> str:
        """The source text behind one token and before another."""
        lines = self.source.split("\n")
        starts = [0]
        for line in lines[: max(start.line, end.line)]:
            starts.append(starts[-1] + len(line) + 1)
        first = starts[start.line - 1] + start.column - 1 + len(start.text)
        return self.source[first : starts[end.line - 1] + end.column - 1]

    def try_type(self) -> TypeName | None:
        """Read a type if one comes next; else read nothing and return None."""
        start, known = self.index, len(self.unit.types)
        try:
            return self.type_name()
        except ApexProblem:
            self.rewind(start, known)
            return None

    def rewind(self, index: int, known_types: int) -> None:
        """Go back to a position, and forget the types read since."""
        self.index = index
        del self.unit.types[known_types:]

"""The tokens of a query and a position in them, for the rules of the grammar."""

from __future__ import annotations

from provisioner.emulator.errors import ApiError
from provisioner.emulator.soql.errors import malformed, unexpected
from provisioner.emulator.soql.lexer import Kind, Token, tokenise
from provisioner.emulator.soql.model import Call, Expression, Location, Path, Point

_MAXIMUM_DEPTH = 30  # functions, parentheses and subqueries inside each other
_MAXIMUM_INTEGER = 2_147_483_647


class TokenStream:
    """Reads forward; errors have Salesforce's text for the current token."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._tokens = tokenise(query)
        self._index = 0
        self._depth = 0

    @property
    def current(self) -> Token:
        """The next token to be read."""
        return self._tokens[self._index]

    @property
    def following(self) -> Token:
        """The token after the next one."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Read a token."""
        token = self.current
        self._index = min(self._index + 1, len(self._tokens) - 1)
        return token

    def refuse(self, token: Token | None = None, text: str | None = None) -> ApiError:
        """MALFORMED_QUERY at a token, by default the next one."""
        token = token or self.current
        return unexpected(self.query, token.position, token.text if text is None else text)

    def take_word(self, *words: str) -> bool:
        """Read a keyword if it comes next."""
        if self.current.is_word(*words):
            self.advance()
            return True
        return False

    def take_symbol(self, *symbols: str) -> bool:
        """Read a symbol if it comes next."""
        if self.current.is_symbol(*symbols):
            self.advance()
            return True
        return False

    def expect_word(self, *words: str) -> Token:
        """Read one of these keywords."""
        if not self.current.is_word(*words):
            raise self.refuse()
        return self.advance()

    def expect_symbol(self, symbol: str) -> Token:
        """Read this symbol."""
        if not self.current.is_symbol(symbol):
            raise self.refuse()
        return self.advance()

    def expect_name(self) -> Token:
        """Read a name."""
        if self.current.kind is not Kind.NAME:
            raise self.refuse()
        return self.advance()

    def expect_integer(self) -> int:
        """Read a whole number of zero or more, for LIMIT and OFFSET."""
        token = self.current
        if token.kind is not Kind.INTEGER or not token.text.isdigit():
            raise self.refuse()
        if len(token.text) > 10 or int(token.text) > _MAXIMUM_INTEGER:
            raise malformed(f"numeric value out of range: {token.text}")
        return int(self.advance().text)

    def expression(self) -> Expression:
        """Read a field, a dotted path or a function."""
        if self.current.kind is Kind.NAME and self.following.is_symbol("("):
            return self._call()
        return self.path()

    def path(self) -> Path:
        """Read a name or several with dots between."""
        first = self.expect_name()
        parts = [first.text]
        while self.take_symbol("."):
            parts.append(self.expect_name().text)
        return Path(tuple(parts), first.position)

    def _call(self) -> Call:
        if self.current.is_word("DISTANCE"):
            return self._distance()
        name = self.advance()
        self.enter()
        self.expect_symbol("(")
        argument = None if self.current.is_symbol(")") else self.expression()
        self.expect_symbol(")")
        self.leave()
        inner = "" if argument is None else argument.text
        return Call(name.text.upper(), argument, name.position, f"{name.text}({inner})")

    def _distance(self) -> Call:
        """`DISTANCE(location, location, 'mi')`."""
        name = self.advance()
        self.expect_symbol("(")
        locations = [self._location()]
        self.expect_symbol(",")
        locations.append(self._location())
        self.expect_symbol(",")
        unit = self.current
        if unit.kind is not Kind.STRING or unit.text.lower() not in ("'mi'", "'km'"):
            raise self.refuse()
        self.advance()
        end = self.expect_symbol(")")
        text = "".join(self.query[name.position : end.position + 1].split())
        path = next((one for one in locations if isinstance(one, Path)), None)
        return Call("DISTANCE", path, name.position, text, tuple(locations), unit.text[1:3].lower())

    def _location(self) -> Location:
        if not self.current.is_word("GEOLOCATION") or not self.following.is_symbol("("):
            return self.path()
        self.advance()
        self.expect_symbol("(")
        latitude = self._degrees(90)
        self.expect_symbol(",")
        longitude = self._degrees(180)
        self.expect_symbol(")")
        return Point(latitude, longitude)

    def _degrees(self, most: int) -> float:
        token = self.current
        is_number = token.kind in (Kind.INTEGER, Kind.DECIMAL)
        if not is_number or not abs(float(token.text)) <= most:
            raise self.refuse()
        return float(self.advance().text)

    def enter(self) -> None:
        """Enter a level. The grammar is recursive; the limit protects the stack."""
        self._depth += 1
        if self._depth > _MAXIMUM_DEPTH:
            raise self.refuse()

    def leave(self) -> None:
        """Leave a level."""
        self._depth -= 1

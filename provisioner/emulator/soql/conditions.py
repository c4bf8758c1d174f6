"""WHERE and HAVING: the grammar of conditions and of the values in them.

AND and OR do not mix without parentheses, nor does NOT with either of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isfinite

from provisioner.emulator.errors import ApiError
from provisioner.emulator.soql.date_ranges import is_range, needs_number
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.lexer import Kind, Token
from provisioner.emulator.soql.model import Comparison, Condition, Logical, Query, Value
from provisioner.emulator.soql.stream import TokenStream
from provisioner.emulator.soql.text_literals import unquote

InnerQuery = Callable[[TokenStream], Query]
_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=")
_CURRENCY = re.compile(r"([A-Za-z]{3})(\d+)")
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})\Z"
)


def condition(stream: TokenStream, inner: InnerQuery) -> Condition:
    """A whole condition; `inner` reads the subquery of a semi-join."""
    if stream.take_word("NOT"):
        return Logical("NOT", (_simple(stream, inner),))
    parts = [_simple(stream, inner)]
    word = stream.current.text.upper() if stream.current.is_word("AND", "OR") else ""
    while word and stream.take_word(word):
        parts.append(_simple(stream, inner))
    if len(parts) == 1:
        return parts[0]
    return Logical("AND" if word == "AND" else "OR", tuple(parts))


def _simple(stream: TokenStream, inner: InnerQuery) -> Condition:
    if not stream.current.is_symbol("("):
        return _comparison(stream, inner)
    stream.enter()
    stream.advance()
    found = condition(stream, inner)
    stream.expect_symbol(")")
    stream.leave()
    return found


def _comparison(stream: TokenStream, inner: InnerQuery) -> Comparison:
    if stream.current.is_word("NOT"):
        raise stream.refuse()
    start = stream.current
    left = stream.expression()
    operator = _operator(stream)
    if operator in ("IN", "NOT IN"):
        if stream.current.is_symbol(":"):
            raise _bind(stream, stream.current)
        stream.expect_symbol("(")
        if stream.current.is_word("SELECT"):
            found = inner(stream)
            stream.expect_symbol(")")
            return Comparison(left, operator, inner=found)
        if stream.current.is_symbol(")"):
            raise stream.refuse(start, f"{left.text} {operator} ()")
        return Comparison(left, operator, _rest_of_list(stream))
    if operator in ("INCLUDES", "EXCLUDES"):
        stream.expect_symbol("(")
        return Comparison(left, operator, _rest_of_list(stream))
    if operator == "LIKE" and stream.current.is_word("NULL"):
        raise stream.refuse()
    return Comparison(left, operator, (value(stream),))


def _operator(stream: TokenStream) -> str:
    token = stream.current
    if token.is_symbol(*_COMPARISONS):
        stream.advance()
        return "!=" if token.text == "<>" else token.text
    if token.is_word("NOT"):
        stream.advance()
        stream.expect_word("IN")
        return "NOT IN"
    return stream.expect_word("LIKE", "IN", "INCLUDES", "EXCLUDES").text.upper()


def _rest_of_list(stream: TokenStream) -> tuple[Value, ...]:
    values = [value(stream)]
    while stream.take_symbol(","):
        values.append(value(stream))
    stream.expect_symbol(")")
    return tuple(values)


def value(stream: TokenStream) -> Value:
    """One literal. Raises MALFORMED_QUERY."""
    token = stream.current
    if token.kind is Kind.NAME:
        return _word(stream)
    if token.is_symbol(":"):
        raise _bind(stream, token)
    if token.kind is Kind.SYMBOL or token.kind is Kind.END:
        raise stream.refuse()
    stream.advance()
    if token.kind is Kind.STRING:
        return Value("string", unquote(token.text), token.text, token.position)
    if token.kind is Kind.INTEGER:
        return Value("integer", int(_number(token)), token.text, token.position)
    if token.kind is Kind.DECIMAL:
        return Value("decimal", float(_number(token)), token.text, token.position)
    if token.kind is Kind.DATE:
        return Value("date", _date(token), token.text, token.position)
    return Value("datetime", _datetime(token), token.text, token.position)


def _word(stream: TokenStream) -> Value:
    token = stream.current
    word = token.text.upper()
    if word in ("TRUE", "FALSE"):
        stream.advance()
        return Value("boolean", word == "TRUE", token.text, token.position)
    if word == "NULL":
        stream.advance()
        return Value("null", None, token.text, token.position)
    if is_range(word):
        stream.advance()
        number = 0
        if needs_number(word):
            stream.expect_symbol(":")
            number = stream.expect_integer()
        return Value("relative", (word, number), token.text, token.position)
    amount = _CURRENCY.fullmatch(token.text)
    if amount is None:
        raise _bind(stream, token)
    return _amount(stream, amount)


def _amount(stream: TokenStream, match: re.Match[str]) -> Value:
    """`USD5000` or `USD5000.50`: an amount in a currency; `value` is the code and the number."""
    token = stream.advance()
    text, following = token.text, stream.current
    is_fraction = following.kind is Kind.DECIMAL and following.text.startswith(".")
    if is_fraction and following.position == token.position + len(text):
        text += stream.advance().text
    number = _number(Token(Kind.DECIMAL, text[3:], token.position))
    return Value("currency", (match[1].upper(), float(number)), text, token.position)


def _bind(stream: TokenStream, token: Token) -> ApiError:
    """Refuse a name or a colon in place of a value: a variable of Apex, or a second field."""
    return located(
        "MALFORMED_QUERY",
        stream.query,
        token.position,
        "Bind variables only allowed in Apex code",
    )


def _number(token: Token) -> str:
    if len(token.text) > 40 or not isfinite(float(token.text)):
        raise malformed(f"numeric value out of range: {token.text}")
    return token.text


def _date(token: Token) -> date:
    try:
        found = date.fromisoformat(token.text)
    except ValueError:
        raise malformed(f"Invalid date: {token.text}") from None
    if not 1700 <= found.year <= 4000:
        raise malformed(f"Invalid date: {token.text}")
    return found


def _datetime(token: Token) -> datetime:
    match = _DATETIME.match(token.text)
    found = None if match is None else _moment(match)
    if found is None or not 1700 <= found.year <= 4000:
        raise malformed(f"Invalid datetime: {token.text}")
    return found


def _moment(match: re.Match[str]) -> datetime | None:
    day, time, fraction, zone = match.groups()
    digits = (fraction or ".0")[1:7].ljust(6, "0")
    offset = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{time}.{digits}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None

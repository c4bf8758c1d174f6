"""SOSL text → `Statement`: the grammar of the documented clauses, in their fixed order.

Source: "SOSL Syntax" in the SOQL and SOSL Reference; refusals that others recorded
(jesperfj/force-rest-api 92, restforce 688, plugin-data).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.soql.conditions import condition
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.lexer import Kind, Token
from provisioner.emulator.soql.model import Path, Query, Selected, SelectEntry, Source
from provisioner.emulator.soql.parser import field_list, no_inner_query, offset, order_by
from provisioner.emulator.soql.stream import TokenStream

_FIND = re.compile(r"\s*FIND\b\s*", re.IGNORECASE)
_RESERVED = "&|![]^~{"  # where they are not escaped
_GROUPS = ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")


@dataclass(frozen=True)
class Statement:
    """A search: its term, the fields to search, and what to return of each object."""

    term: str
    group: str = "ALL"
    returning: tuple[Query, ...] = ()  # none: the ids of all objects
    limit: int | None = None


def parse(text: str) -> Statement:
    """Parse a statement.

    Raises ApiError (MALFORMED_SEARCH) for what Salesforce refuses and NotEmulatedError for what it
    accepts but this emulator does not know.
    """
    start, end = _term_span(text)
    stream = _Stream(text, end)
    group = _group(stream) if stream.take_word("IN") else "ALL"
    returning = _returning(stream) if stream.take_word("RETURNING") else ()
    while stream.take_word("WITH"):
        _with(stream)
    limit = stream.expect_integer() if stream.take_word("LIMIT") else None
    if stream.take_word("UPDATE"):
        stream.expect_word("TRACKING", "VIEWSTAT")
    if stream.current.kind is not Kind.END:
        raise stream.refuse()
    return Statement(text[start:end], group, returning, limit)


class _Stream(TokenStream):
    """The tokens after the search term; positions and errors are those of the whole text."""

    def __init__(self, text: str, end: int) -> None:
        head = "FIND" + re.sub(r"[^\n]", " ", text[4 : end + 1])  # a name, and then blanks
        super().__init__(head + text[end + 1 :])
        self.query = text
        self.advance()

    def refuse(self, token: Token | None = None, text: str | None = None) -> ApiError:
        found = super().refuse(token, text)
        return ApiError(found.status, "MALFORMED_SEARCH", found.message)


def _term_span(text: str) -> tuple[int, int]:
    """Where the term between the braces starts and ends."""
    find = _FIND.match(text)
    if find is None or text[find.end() : find.end() + 1] != "{":
        message = "No search term found. The search term must be enclosed in braces."
        raise ApiError(400, "MALFORMED_SEARCH", message)
    start = position = find.end() + 1
    is_quoted = False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "}" and not is_quoted:
            return start, position
        elif character in _RESERVED and not is_quoted:
            raise _mismatched(text, position, character)
        position += 1
    raise _mismatched(text, len(text), "<EOF>")


def _mismatched(text: str, position: int, character: str) -> ApiError:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1)
    message = f"line {line}:{column} mismatched character '{character}' expecting '}}'"
    return located("MALFORMED_SEARCH", text, max(position - 1, 0), message)


def _group(stream: TokenStream) -> str:
    group = _expect_token(stream, *_GROUPS)
    _expect_token(stream, "FIELDS")
    if group == "SIDEBAR":
        raise NotEmulatedError("SOSL IN SIDEBAR FIELDS")
    return group


def _expect_token(stream: TokenStream, *words: str) -> str:
    token = stream.current
    if not token.is_word(*words):
        text = f"Malformed search token: {token.text or '<EOF>'}"
        raise located("MALFORMED_SEARCH", stream.query, max(token.position - 1, 0), text)
    return stream.advance().text.upper()


def _returning(stream: TokenStream) -> tuple[Query, ...]:
    queries = [_query(stream)]
    while stream.take_symbol(","):
        queries.append(_query(stream))
    return tuple(queries)


def _query(stream: TokenStream) -> Query:
    """`Account(Name, Phone WHERE … ORDER BY … LIMIT 5)`; without a field list the id."""
    name = stream.path()
    sources = (Source(name),)
    id_alone: tuple[SelectEntry, ...] = (Selected(Path(("Id",), name.position)),)
    if not stream.take_symbol("("):
        return Query(id_alone, sources)
    select = field_list(stream)
    if not all(isinstance(one, Selected) for one in select):
        raise stream.refuse()
    where = condition(stream, no_inner_query) if stream.take_word("WHERE") else None
    if stream.take_word("USING"):
        raise NotEmulatedError("SOSL USING LISTVIEW")
    orders = order_by(stream)
    limit = stream.expect_integer() if stream.take_word("LIMIT") else None
    query = Query(select, sources, where=where, order_by=orders, limit=limit, offset=offset(stream))
    stream.expect_symbol(")")
    return query


def _with(stream: TokenStream) -> None:
    """Spelling is never corrected here; the other clauses would change the answer."""
    if not stream.take_word("SPELL_CORRECTION"):
        raise NotEmulatedError(f"SOSL WITH {stream.current.text.upper()}")
    stream.expect_symbol("=")
    stream.expect_word("TRUE", "FALSE")

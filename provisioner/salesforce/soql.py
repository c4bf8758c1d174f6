"""SOQL queries: values are quoted here, and long queries are split here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

LONGEST_URL = 12_000  # characters of an encoded query; Salesforce refuses URLs over 16 kB (414)
_PLAIN = re.compile(r"[A-Za-z0-9_@.+ -]*")  # ids, usernames, names: nothing to escape


def select(fields: str, sobject: str, *any_of: str, limit: int = 0) -> str:
    """A query of `fields` (`Id, Name`) for the records that meet any of the conditions."""
    parts = ["SELECT", fields, "FROM", sobject]
    if any_of:
        parts += ["WHERE", " OR ".join(any_of)]
    if limit:
        parts += ["LIMIT", str(limit)]
    return " ".join(parts)


def equals(field: str, value: object) -> str:
    """The condition that a field equals a value."""
    return f"{field} = {literal(value)}"


def one_of(field: str, values: Iterable[str]) -> str:
    """The condition that a field equals one of several values."""
    return f"{field} IN ({','.join(map(literal, values))})"


def literal(value: object) -> str:
    """`value` as a SOQL literal.

    simple-salesforce escapes it. Its import takes 0.1 s and 24 MB, so it is imported only for a
    value that has characters to escape.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f"'{value}'"
    from simple_salesforce.format import quote_soql_value

    return str(quote_soql_value(value))


def portions(
    values: Sequence[str], *, longest: int = LONGEST_URL - 2_000, times: int = 1
) -> Iterator[list[str]]:
    """`values` in as few portions as possible, each short enough for the URL of one query.

    `times` is how often the query contains each value. The rest of a URL is for the host and the
    fixed part of the query.
    """
    portion: list[str] = []
    length = 0
    for value in values:
        cost = times * (len(quote_plus(literal(value))) + 3)  # and an encoded comma
        if portion and length + cost > longest:
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += cost
    if portion:
        yield portion

"""The one place where values become SOQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

LONGEST_URL = 12_000  # characters of an encoded query; Salesforce refuses URLs beyond 16 kB (414)


def select(fields: str, sobject: str, *any_of: str, limit: int = 0) -> str:
    """A query of `fields` (`Id, Name`) for the records that fulfil any of the conditions."""
    parts = ["SELECT", fields, "FROM", sobject]
    if any_of:
        parts += ["WHERE", " OR ".join(any_of)]
    if limit:
        parts += ["LIMIT", str(limit)]
    return " ".join(parts)


def equals(field: str, value: object) -> str:
    """The condition that a field has a value."""
    return f"{field} = {literal(value)}"


def one_of(field: str, values: Iterable[str]) -> str:
    """The condition that a field has one of several values."""
    return f"{field} IN ({','.join(map(literal, values))})"


def literal(value: object) -> str:
    """`value` as a SOQL literal: quoted, escaped."""
    from simple_salesforce.format import quote_soql_value

    return str(quote_soql_value(value))


def portions(
    values: Sequence[str], *, longest: int = LONGEST_URL - 2_000, times: int = 1
) -> Iterator[list[str]]:
    """`values` in as few portions as fit into one query each, when each is written `times` times.

    What is left of a URL serves the fixed part of the query and the host.
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

"""The one place where values become SOQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote_plus

LONGEST_URL = 12_000  # characters of an encoded query; Salesforce refuses URLs beyond 16 kB (414)


def literal(value: object) -> str:
    """`value` as a SOQL literal: quoted, escaped."""
    from simple_salesforce.format import quote_soql_value

    return str(quote_soql_value(value))


def in_list(values: Iterable[str]) -> str:
    """`('a','b')`, for use after IN."""
    return f"({','.join(map(literal, values))})"


def url_length(soql: str) -> int:
    """How many characters a query takes in a URL."""
    return len(quote_plus(soql))


def portions(
    values: Sequence[str], *, longest: int = LONGEST_URL - 2_000, times: int = 1
) -> Iterator[list[str]]:
    """`values` in as few portions as fit into one query each, when each is written `times` times.

    What is left of a URL serves the fixed part of the query and the host.
    """
    portion: list[str] = []
    length = 0
    for value in values:
        cost = times * (url_length(literal(value)) + 3)  # and a comma
        if portion and length + cost > longest:
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += cost
    if portion:
        yield portion

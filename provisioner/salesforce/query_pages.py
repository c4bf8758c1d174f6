"""Reads all pages of a query. Each page is checked before the next one is requested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import Row, flag, integer, row, rows_in, text

MOST_PAGES = 1_000  # of up to 2,000 records
MOST_WEIGHT = 256 * 1024 * 1024  # of all records together: approximate bytes in memory
_LONGEST_LINK = 2_000


def all_records(ask: Callable[[str], Any], first: str) -> list[Row]:
    """All records of a query, over all pages. Raises MalformedAnswerError.

    `ask` requests the JSON at a path of the same host. A page is malformed when a required field
    is missing, when the next page is on another host or was read before, or when the number of
    records differs from the total.
    """
    found: list[Row] = []
    path, seen, left = first, set[str](), MOST_WEIGHT
    while path:
        if path in seen or len(seen) >= MOST_PAGES:
            raise MalformedAnswerError("the query has too many pages, or a page is repeated")
        seen.add(path)
        page = row(ask(path))
        records = rows_in(page, "records")
        left -= _weight(records)
        if left < 0:
            raise MalformedAnswerError(f"the records have more than {MOST_WEIGHT >> 20} MB")
        found += records
        path = "" if flag(page, "done") else _next(page)
    total = integer(page, "totalSize", least=-1) if "totalSize" in page else -1
    if total not in (-1, len(found)):  # -1: Salesforce gives no total
        raise MalformedAnswerError(f"{len(found)} of {total} records")
    return found


def _weight(value: Any) -> int:
    """Approximate bytes of a value in memory. `read_json` limits its depth."""
    if isinstance(value, str):
        return 50 + len(value)
    if isinstance(value, Mapping):
        return 200 + sum(map(_weight, value.values()))
    return 60 + sum(map(_weight, value)) if isinstance(value, list) else 30


def counted(page: Any) -> int:
    """The result of a `SELECT COUNT() …`."""
    return integer(row(page), "totalSize")


def _next(page: Row) -> str:
    path = text(page, "nextRecordsUrl", longest=_LONGEST_LINK)
    if not path.startswith("/services/data/"):
        raise MalformedAnswerError("the next page is on another host")
    return path

"""The pages of a query, each checked before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import Row, flag, integer, row, rows_in, text

MOST_PAGES = 1_000  # of up to 2,000 records
MOST_WEIGHT = 256 * 1024 * 1024  # of all records together, about their bytes in memory
_LONGEST_LINK = 2_000


def all_records(ask: Callable[[str], Any], first: str) -> list[Row]:
    """All records that a query finds, page after page. Raises MalformedAnswerError.

    `ask` gets the JSON at a path of the same host. A page is malformed when it lacks what the
    API promises, leads to another host or to a page that was there before, or when there are
    fewer or more records than it says.
    """
    found: list[Row] = []
    path, seen, left = first, set[str](), MOST_WEIGHT
    while path:
        if path in seen or len(seen) >= MOST_PAGES:
            raise MalformedAnswerError("the pages have no end")
        seen.add(path)
        page = row(ask(path))
        records = rows_in(page, "records")
        left -= _weight(records)
        if left < 0:
            raise MalformedAnswerError(f"the records have more than {MOST_WEIGHT >> 20} MB")
        found += records
        path = "" if flag(page, "done") else _next(page)
    total = integer(page, "totalSize", least=-1) if "totalSize" in page else -1
    if total not in (-1, len(found)):  # -1 where the platform does not count
        raise MalformedAnswerError(f"{len(found)} of {total} records")
    return found


def _weight(value: Any) -> int:
    """About how many bytes a value takes; not deeper than what `read_json` lets in."""
    if isinstance(value, str):
        return 50 + len(value)
    if isinstance(value, Mapping):
        return 200 + sum(map(_weight, value.values()))
    return 60 + sum(map(_weight, value)) if isinstance(value, list) else 30


def counted(page: Any) -> int:
    """What a `SELECT COUNT() …` gives."""
    return integer(row(page), "totalSize")


def _next(page: Row) -> str:
    path = text(page, "nextRecordsUrl", longest=_LONGEST_LINK)
    if not path.startswith("/services/data/"):
        raise MalformedAnswerError("the next page is on another host")
    return path

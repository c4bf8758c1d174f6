"""A query job: the records of a SOQL query as CSV, read page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.emulator.bulk.csv_text import write
from provisioner.emulator.bulk.jobs import Job
from provisioner.emulator.errors import ApiError
from provisioner.emulator.soql.evaluate import run
from provisioner.emulator.soql.field_lists import record_level
from provisioner.emulator.soql.grouping import is_grouped
from provisioner.emulator.soql.model import ChildQuery, Query, TypeOf
from provisioner.emulator.soql.names import Context, open_scope
from provisioner.emulator.soql.parser import parse
from provisioner.emulator.soql.shape import leaf_names


@dataclass(eq=False)
class QueryJob(Job):
    """`context` is that of the query; `window` the part of its records, where that is not all."""

    context: Context | None = None
    window: tuple[int, int] | None = None
    header: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    def work(self) -> str | None:
        """Run the query and keep its records."""
        assert self.context is not None
        try:
            answer = run(self.context)
        except ApiError as error:
            return failed_query(error)
        start, end = self.window or (0, len(answer.records))
        self.records = answer.records[start:end]
        self.lines = [[_cell(record, name) for name in self.header] for record in self.records]
        self.processed = len(self.lines)
        return None

    def page(self, start: int, size: int) -> str:
        """A part of the records with the header, as CSV."""
        chosen = self.lines[start : start + size]
        return write([self.header, *chosen], self.form)


def failed_query(error: ApiError) -> str:
    """The message of a job or batch whose query is refused."""
    return f"InvalidBatch : Failed to process query: {error.code}: {error.message}"


def check(context: Context) -> tuple[str, list[str]]:
    """The object and the columns of a query that a job can run.

    Raises ApiError for invalid SOQL, and for what bulk queries do not support: grouping,
    aggregates, OFFSET, TYPEOF and subqueries in the field list.
    """
    query = parse(context.text)
    if query.is_count or is_grouped(query):
        raise _unsupported("Aggregate Queries")
    if query.offset:
        raise _unsupported("OFFSET")
    if _has_children(query):
        raise _unsupported("Nested Queries")
    if any(isinstance(one, TypeOf) for one in query.select):
        raise _unsupported("TYPEOF")
    with context.store.lock:
        scope = open_scope(context, query.sources)
        return scope.entity.name, leaf_names(record_level(scope, query))


def _unsupported(what: str) -> ApiError:
    return ApiError(400, "API_ERROR", f"{what} not supported in Bulk Query")


def _has_children(query: Query) -> bool:
    return any(isinstance(one, ChildQuery) for one in query.select)


def _cell(record: Mapping[str, Any], name: str) -> str:
    value: Any = record
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"{text[:-5]}Z" if text.endswith("+0000") and text[10:11] == "T" else text

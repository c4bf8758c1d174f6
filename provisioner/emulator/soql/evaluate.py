"""Runs a query over a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.soql.columns import query_metadata
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.expressions import bind_row_expression
from provisioner.emulator.soql.field_lists import record_level
from provisioner.emulator.soql.grouping import aggregate_rows, is_grouped
from provisioner.emulator.soql.hooks import run_query_rules
from provisioner.emulator.soql.model import Expression, Query
from provisioner.emulator.soql.names import Context, Scope, open_scope
from provisioner.emulator.soql.ordering import cut, sort_rows
from provisioner.emulator.soql.parser import parse
from provisioner.emulator.soql.predicates import Test
from provisioner.emulator.soql.selection import all_rows, row_test

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

_METADATA = frozenset({"FullName", "Metadata"})  # of one record at a time (Tooling API reference)


@dataclass(frozen=True)
class Answer:
    """The result of a query: `records` are JSON-ready; COUNT() has a size and no records."""

    query: Query
    scope: Scope
    total_size: int
    records: list[dict[str, Any]]

    @property
    def is_grouped(self) -> bool:
        """Whether the records are AggregateResult rows."""
        return is_grouped(self.query)


def run(context: Context) -> Answer:
    """Parse and evaluate `context.text`.

    Raises ApiError with Salesforce's code and text, NotEmulatedError for valid SOQL that is
    not emulated.
    """
    query = parse(context.text)
    with context.store.lock:
        scope = open_scope(context, query.sources)
        run_query_rules(
            context.store,
            scope.entity,
            query,
            tooling=context.tooling,
            user_id=context.user_id,
        )
        return _answer(scope, query)


def describe_columns(context: Context) -> dict[str, Any]:
    """The answer to `&columns=true`: the columns of a query, which is checked but not run."""
    query = parse(context.text)
    with context.store.lock:
        scope = open_scope(context, query.sources)
        return query_metadata(scope, query)


def _answer(scope: Scope, query: Query) -> Answer:
    if query.is_count:
        return _count(scope, query)
    grouped = is_grouped(query)
    level = None if grouped else record_level(scope, query)
    if level is None:
        test = row_test(scope, query)
        records = aggregate_rows(scope, query, [row for row in all_rows(scope) if test(row)])
        return Answer(query, scope, len(records), records)
    chosen = chosen_rows(scope, query)
    if scope.context.tooling and len(chosen) > 1 and _METADATA & level.parts.keys():
        raise malformed(
            "When retrieving results with Metadata or FullName fields, the query qualifications "
            f"must specify no more than one row for retrieval. Result size: {len(chosen)}"
        )
    return Answer(query, scope, len(chosen), [level.render(row) for row in chosen])


def chosen_rows(scope: Scope, query: Query, also: Test = lambda _row: True) -> list[Record]:
    """The records of a query without groups, in order; `also` is a further condition."""
    test = row_test(scope, query)
    rows = [row for row in all_rows(scope) if test(row) and also(row)]

    def bind(expression: Expression) -> Any:
        return bind_row_expression(scope, expression)

    return cut(query, sort_rows(scope.context.text, query, rows, bind))


def _count(scope: Scope, query: Query) -> Answer:
    if query.order_by:
        first = query.order_by[0].expression
        message = f"Ordered field must be grouped or aggregated: {first.text}"
        raise located("MALFORMED_QUERY", scope.context.text, first.position, message)
    test = row_test(scope, query)
    rows = cut(query, [row for row in all_rows(scope) if test(row)])
    return Answer(query, scope, len(rows), [])

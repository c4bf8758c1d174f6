"""ORDER BY, OFFSET and LIMIT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from provisioner.emulator.objects.schema import NUMERIC, Field
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.filters import Binder, is_filterable
from provisioner.emulator.soql.model import Query

Row = TypeVar("Row")


def sort_rows(text: str, query: Query, rows: list[Row], bind: Binder) -> list[Row]:
    """The rows in the order that the query asks for; the sort is stable."""
    ordered = list(rows)
    for order in reversed(query.order_by):
        field, getter = bind(order.expression)
        if not is_sortable(field):
            message = f"field '{field.name}' can not be sorted in a query call"
            raise located("INVALID_FIELD", text, order.expression.position, message)
        ordered = _sorted(ordered, field, getter, order.descending, order.nulls_last)
    return ordered


def _sorted(
    rows: list[Row],
    field: Field,
    getter: Callable[[Any], Any],
    descending: bool,
    nulls_last: bool,
) -> list[Row]:
    empty: list[Row] = []
    filled: list[tuple[Any, Row]] = []
    for row in rows:
        value = getter(row)
        if value is None or value == "":
            empty.append(row)
        else:
            filled.append((sort_key(field, value), row))
    filled.sort(key=lambda pair: pair[0], reverse=descending)
    result = [row for _, row in filled]
    return result + empty if nulls_last else empty + result


def sort_key(field: Field, value: Any) -> Any:
    """How a value sorts: picklists in the order of their definition, text case-insensitively."""
    if field.type in NUMERIC or field.type == "boolean":
        return value
    if field.type == "picklist" and field.picklist:
        known = field.picklist.index(value) if value in field.picklist else len(field.picklist)
        return known, str(value).upper()
    if field.type in ("id", "reference"):
        return str(value)
    return str(value).upper()


def is_sortable(field: Field) -> bool:
    """Whether a field may be used in ORDER BY."""
    return is_filterable(field) and field.type != "multipicklist"


def cut(query: Query, rows: list[Row]) -> list[Row]:
    """OFFSET and LIMIT."""
    end = None if query.limit is None else query.offset + query.limit
    return rows[query.offset : end]

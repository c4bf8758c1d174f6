"""Expressions over one record: fields, date functions, toLabel()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.soql.date_ranges import DATE_FUNCTIONS
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.model import Call, Expression
from provisioner.emulator.soql.names import BoundField, Scope, value_of

Getter = Callable[[Any], Any]
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_DATETIME_ONLY = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})
_OTHER_FUNCTIONS = frozenset(
    {"FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE", "DISTANCE", "GEOLOCATION", "GROUPING"}
)


def bind_row_expression(scope: Scope, expression: Expression) -> tuple[Field, Getter]:
    """The type of an expression over records, and how to get its value from one."""
    if isinstance(expression, Call):
        return _bind_call(scope, expression)
    bound = scope.bind(expression)
    return bound.field, field_getter(scope, bound)


def field_getter(scope: Scope, bound: BoundField) -> Getter:
    """How to get a field from a record, or from one of its parents."""
    name = bound.field.name
    if not bound.hops:
        return lambda record: record.get(name)
    store = scope.context.store
    return lambda record: value_of(store, record, bound)


def is_date_function(expression: Expression) -> bool:
    """Whether this is a call such as CALENDAR_YEAR(…)."""
    return isinstance(expression, Call) and expression.name in DATE_FUNCTIONS


def _bind_call(scope: Scope, call: Call) -> tuple[Field, Getter]:
    if call.name in _OTHER_FUNCTIONS:
        raise NotEmulatedError(f"SOQL {call.name}()")
    if call.name == "TOLABEL" and call.argument is not None:
        return bind_row_expression(scope, call.argument)
    if call.name not in DATE_FUNCTIONS or call.argument is None:
        raise refuse_call(scope, call)
    inner, getter = bind_row_expression(scope, call.argument)
    allowed = {"datetime"} if call.name in _DATETIME_ONLY else {"date", "datetime"}
    if inner.type not in allowed:
        raise refuse_call(scope, call)
    function = DATE_FUNCTIONS[call.name]

    def value(record: Any) -> Any:
        found = getter(record)
        return None if found is None else function(parse_datetime(str(found)))

    return Field(call.text, "date" if call.name == "DAY_ONLY" else "int"), value


def refuse_call(scope: Scope, call: Call) -> Exception:
    """MALFORMED_QUERY for a function that does not exist or is not allowed here."""
    message = f"unexpected token: '{call.text}'"
    return located("MALFORMED_QUERY", scope.context.text, call.position, message)

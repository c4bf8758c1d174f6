"""Expressions over one record: fields, date functions, toLabel()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.soql.currencies import ISO_CODE, bind_conversion
from provisioner.emulator.soql.date_ranges import DATE_FUNCTIONS
from provisioner.emulator.soql.distance import bind_distance
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.formats import formatter
from provisioner.emulator.soql.model import Call, Expression, Path
from provisioner.emulator.soql.names import BoundField, Scope, follow, value_of
from provisioner.emulator.soql.users import currency_of, in_time_zone

Getter = Callable[[Any], Any]
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_DATETIME_ONLY = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})


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
    if call.name == "DISTANCE":
        return bind_distance(scope, call)
    if call.name == "TOLABEL" and call.argument is not None:
        return bind_row_expression(scope, call.argument)
    if call.name not in DATE_FUNCTIONS or call.argument is None:
        raise refuse_call(scope, call)
    return _bind_date_function(scope, call, call.argument)


def _bind_date_function(scope: Scope, call: Call, argument: Expression) -> tuple[Field, Getter]:
    """`CALENDAR_YEAR(CreatedDate)`; with convertTimezone() inside, on the user's clock."""
    function, is_converted = DATE_FUNCTIONS[call.name], False
    if isinstance(argument, Call) and argument.name == "CONVERTTIMEZONE" and argument.argument:
        argument, is_converted = argument.argument, True
    inner, getter = bind_row_expression(scope, argument)
    needs_time = is_converted or call.name in _DATETIME_ONLY
    if inner.type not in ({"datetime"} if needs_time else {"date", "datetime"}):
        raise refuse_call(scope, call)

    def value(record: Any) -> Any:
        found = getter(record)
        if found is None:
            return None
        moment = parse_datetime(str(found))
        return function(in_time_zone(scope.context, moment) if is_converted else moment)

    return Field(call.text, "date" if call.name == "DAY_ONLY" else "int"), value


def bind_selected(scope: Scope, call: Call) -> tuple[Field, Getter]:
    """A function of the field list: FORMAT() and convertCurrency() are allowed there alone."""
    if call.name == "CONVERTCURRENCY":
        return bind_conversion(scope, call)
    if call.name != "FORMAT" or call.argument is None:
        return bind_row_expression(scope, call)
    inner, argument = _bind_formatted(scope, call.argument)
    written = formatter(scope.context, inner)
    code = _currency_getter(scope, call.argument)
    return Field(call.text), lambda record: written(argument(record), code(record))


def _bind_formatted(scope: Scope, argument: Expression) -> tuple[Field, Getter]:
    if isinstance(argument, Call) and argument.name == "CONVERTCURRENCY":
        return bind_conversion(scope, argument)
    return bind_row_expression(scope, argument)


def _currency_getter(scope: Scope, argument: Expression) -> Getter:
    """The ISO code of a formatted amount: that of the record, or of the user once converted."""
    if isinstance(argument, Path):
        hops = scope.bind(argument).hops
        store = scope.context.store
        return lambda record: (follow(store, record, hops) or {}).get(ISO_CODE) or ""
    code = currency_of(scope.context)
    return lambda _record: code


def refuse_call(scope: Scope, call: Call) -> Exception:
    """MALFORMED_QUERY for a function that does not exist or is not allowed here."""
    message = f"unexpected token: '{call.text}'"
    return located("MALFORMED_QUERY", scope.context.text, call.position, message)

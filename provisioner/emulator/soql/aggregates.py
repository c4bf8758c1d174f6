"""Aggregate functions over the records of one group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from provisioner.emulator.objects.schema import NUMERIC, Field
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.expressions import AGGREGATES, bind_row_expression, refuse_call
from provisioner.emulator.soql.filters import is_filterable
from provisioner.emulator.soql.model import Call, Expression
from provisioner.emulator.soql.names import Scope
from provisioner.emulator.soql.ordering import sort_key

Rows = Sequence[Any]
_NUMBERS_ONLY = frozenset({"SUM", "AVG"})
_NEVER = frozenset({"boolean", "multipicklist", "time", "encryptedstring"})


def is_aggregate(expression: Expression) -> bool:
    """Whether this is SUM(…), COUNT(…) and so on."""
    return isinstance(expression, Call) and expression.name in AGGREGATES


def has_aggregate(expression: Expression) -> bool:
    """Whether there is an aggregate, possibly inside a function: `FORMAT(MIN(CloseDate))`."""
    if not isinstance(expression, Call):
        return False
    inner = expression.argument
    return is_aggregate(expression) or (inner is not None and has_aggregate(inner))


def bind_aggregate(scope: Scope, call: Call) -> tuple[Field, Callable[[Rows], Any]]:
    """The type of an aggregate, and how to compute it over rows."""
    if call.argument is None:
        raise refuse_call(scope, call)
    field, getter = bind_row_expression(scope, call.argument)
    _check_support(scope, call, field)

    def value(rows: Rows) -> Any:
        found = [one for one in map(getter, rows) if one is not None and one != ""]
        return _compute(call.name, field, found)

    return Field(call.text, _result_type(call.name, field)), value


def _check_support(scope: Scope, call: Call, field: Field) -> None:
    supported = field.type in NUMERIC if call.name in _NUMBERS_ONLY else field.type not in _NEVER
    if not supported or not is_filterable(field):
        message = f"field {field.name} does not support aggregate operator {call.name}"
        raise located("MALFORMED_QUERY", scope.context.text, call.position, message)


def _result_type(name: str, field: Field) -> str:
    if name.startswith("COUNT"):
        return "int"
    if name == "AVG":
        return "double"
    return field.type


def _compute(name: str, field: Field, found: list[Any]) -> Any:
    if name == "COUNT":
        return len(found)
    if name == "COUNT_DISTINCT":
        return len(set(found))
    if not found:
        return None
    if name == "SUM":
        return sum(found)
    if name == "AVG":
        return sum(found) / len(found)
    choose = min if name == "MIN" else max
    return choose(found, key=lambda one: sort_key(field, one))

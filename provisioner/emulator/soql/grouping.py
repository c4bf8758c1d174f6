"""GROUP BY, HAVING and aggregates without groups: records → AggregateResult rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.aggregates import bind_aggregate, has_aggregate, is_aggregate
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.expressions import (
    bind_row_expression,
    is_date_function,
    refuse_call,
)
from provisioner.emulator.soql.filters import compile_condition, is_filterable
from provisioner.emulator.soql.formats import formatter
from provisioner.emulator.soql.model import Call, Comparison, Expression, Query, Selected
from provisioner.emulator.soql.names import Scope
from provisioner.emulator.soql.ordering import cut, sort_rows
from provisioner.emulator.soql.predicates import Test
from provisioner.emulator.soql.subtotals import Group, cubed, plain, rolled_up
from provisioner.emulator.soql.users import CORPORATE

GroupGetter = Callable[[Group], Any]
_NOT_GROUPABLE = frozenset(("datetime", "double", "currency", "percent", "multipicklist", "time"))


def is_grouped(query: Query) -> bool:
    """Whether the result has AggregateResult rows."""
    return bool(query.group_by) or any(
        isinstance(one, Selected) and has_aggregate(one.expression) for one in query.select
    )


def aggregate_rows(scope: Scope, query: Query, rows: list[Any]) -> list[dict[str, Any]]:
    """The answer's records: one per group, or a single one without groups."""
    text = scope.context.text
    if not query.group_by and query.limit is not None:
        raise malformed(
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
        )
    grouping = Grouping(scope, query)
    columns = [
        (name, grouping.bind(expression)[1]) for name, expression in column_names(scope, query)
    ]
    groups = grouping.split(rows)
    if query.having is not None:
        test = compile_condition(
            text, query.having, grouping.bind, scope.context.now, _no_semi_join
        )
        groups = [group for group in groups if test(group)]
    groups = cut(query, sort_rows(text, query, groups, grouping.bind_order))
    return [
        {"attributes": {"type": "AggregateResult"}}
        | {name: getter(group) for name, getter in columns}
        for group in groups
    ]


def column_names(scope: Scope, query: Query) -> list[tuple[str, Expression]]:
    """The names of the columns: the alias, the field's own name, or `expr0`, `expr1`, …"""
    named: list[tuple[str, Expression]] = []
    implied = 0
    for one in query.select:
        if not isinstance(one, Selected):
            raise malformed("Grouped query can only select fields and aggregate functions")
        expression = one.expression
        if one.alias:
            name = one.alias
        elif isinstance(expression, Call):
            name = f"expr{implied}"
            implied += 1
        else:
            name = scope.bind(expression).field.name
        if any(name.lower() == known.lower() for known, _ in named):
            raise malformed(f"duplicate alias: {name}")
        named.append((name, expression))
    return named


def is_groupable(field: Field) -> bool:
    """Whether a field may be used in GROUP BY."""
    return field.type not in _NOT_GROUPABLE and not field.formula and is_filterable(field)


def bind_group_expression(scope: Scope, expression: Expression) -> Field:
    """The type of a column of a grouped query."""
    if isinstance(expression, Call) and expression.name == "GROUPING":
        return Field(expression.text, "int")
    if isinstance(expression, Call) and is_aggregate(expression):
        return bind_aggregate(scope, expression)[0]
    if isinstance(expression, Call) and expression.name == "FORMAT":
        return Field(expression.text)
    return bind_row_expression(scope, expression)[0]


class Grouping:
    """The groups of records, and the expressions that are allowed for a group."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self._scope = scope
        self._keys: dict[str, tuple[Field, GroupGetter]] = {}
        self._has_groups = bool(query.group_by)
        self._subtotals = query.subtotals
        for expression in query.group_by:
            field, getter = bind_row_expression(scope, expression)
            if not is_date_function(expression):
                self._check_groupable(expression, field)
            self._keys[self._identity(expression)] = (field, getter)

    def split(self, rows: list[Any]) -> list[Group]:
        """The groups, in the order of their first records; with ROLLUP and CUBE also subtotals."""
        if not self._has_groups:
            return [Group(rows)]
        keys = [(identity, getter) for identity, (_, getter) in self._keys.items()]
        if self._subtotals == "ROLLUP":
            return list(rolled_up(keys, rows))
        return list(cubed(keys, rows)) if self._subtotals else plain(keys, rows)

    def bind(self, expression: Expression) -> tuple[Field, GroupGetter]:
        """An aggregate, or an expression that the query groups by."""
        return self._bind(expression, "Field must be grouped or aggregated")

    def bind_order(self, expression: Expression) -> tuple[Field, GroupGetter]:
        """The same for ORDER BY, which has other error texts."""
        return self._bind(expression, "Ordered field must be grouped or aggregated")

    def _bind(self, expression: Expression, refusal: str) -> tuple[Field, GroupGetter]:
        if isinstance(expression, Call):
            if is_aggregate(expression):
                return bind_aggregate(self._scope, expression)
            if expression.name == "GROUPING":
                return self._bind_grouping(expression)
            if expression.name == "FORMAT" and expression.argument is not None:
                return self._bind_format(expression.argument, refusal)
        known = self._keys.get(self._identity(expression))
        if known is None:
            bind_row_expression(self._scope, expression)  # an unknown field is reported first
            message = f"{refusal}: {expression.text}"
            text = self._scope.context.text
            raise located("MALFORMED_QUERY", text, expression.position, message)
        field, getter = known
        identity = self._identity(expression)
        return field, lambda group: None if identity in group.totals else getter(group[0])

    def _bind_grouping(self, call: Call) -> tuple[Field, GroupGetter]:
        """`GROUPING(Status)`: 1 in a subtotal over the field, else 0."""
        identity = self._identity(call.argument) if call.argument else ""
        if not self._subtotals or identity not in self._keys:
            raise refuse_call(self._scope, call)
        return Field(call.text, "int"), lambda group: int(identity in group.totals)

    def _bind_format(self, argument: Expression, refusal: str) -> tuple[Field, GroupGetter]:
        """`FORMAT(MIN(CloseDate))`: amounts of groups are in the currency of the org."""
        field, getter = self._bind(argument, refusal)
        written = formatter(self._scope.context, field)
        return Field(field.name), lambda group: written(getter(group), CORPORATE)

    def _identity(self, expression: Expression) -> str:
        """The same for `Name`, `Account.Name` and `a.name`, whatever the object is called."""
        if not isinstance(expression, Call):
            return self._scope.bind(expression).text
        inner = self._identity(expression.argument) if expression.argument else ""
        return f"{expression.name}({inner})"

    def _check_groupable(self, expression: Expression, field: Field) -> None:
        if not is_groupable(field):
            message = f"field '{field.name}' can not be grouped in a query call"
            text = self._scope.context.text
            raise located("INVALID_FIELD", text, expression.position, message)


def _no_semi_join(_comparison: Comparison) -> Test:
    raise malformed("Semi join sub-selects are not supported in the HAVING clause")

"""FROM, WHERE and USING SCOPE: the records of a query; semi-joins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.ids import to_15
from provisioner.emulator.objects import permissions
from provisioner.emulator.soql.currencies import bind_conversion, in_one_currency, is_compared
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.expressions import bind_row_expression
from provisioner.emulator.soql.filters import compile_condition
from provisioner.emulator.soql.model import (
    Call,
    Comparison,
    Condition,
    Expression,
    Logical,
    Path,
    Query,
    Selected,
)
from provisioner.emulator.soql.names import BoundField, Scope, open_scope
from provisioner.emulator.soql.predicates import Test

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

_MAXIMUM_SEMI_JOINS = 2


def row_test(scope: Scope, query: Query, *, nested: bool = False) -> Test:
    """The test that WHERE and USING SCOPE make of a record."""
    tests = []
    if query.scope not in (None, "everything"):
        tests.append(_scope_test(scope, str(query.scope)))
    if query.where is not None:
        _check_semi_joins(query.where, nested=nested)

        def semi_join(comparison: Comparison) -> Test:
            return _semi_join_test(scope, comparison)

        def bind(expression: Expression) -> Any:
            if isinstance(expression, Call) and is_compared(expression):
                return bind_conversion(scope, expression)
            return bind_row_expression(scope, expression)

        context = scope.context
        where = in_one_currency(context, query.where)
        tests.append(compile_condition(context.text, where, bind, context.now, semi_join))
    return lambda record: all(test(record) for test in tests)


def all_rows(scope: Scope) -> list[Record]:
    """The records of the object, for queryAll with those in the recycle bin."""
    store, name = scope.context.store, scope.entity.name
    rows = store.rows(name)
    if scope.context.include_deleted:
        rows += store.deleted_rows(name)
    return permissions.seen(store, scope.entity, rows, scope.context.user_id)


def _scope_test(scope: Scope, name: str) -> Test:
    if name != "mine" or "OwnerId" not in scope.entity.fields:
        raise NotEmulatedError(f"SOQL USING SCOPE {name}")
    owner = to_15(scope.context.user_id)
    return lambda record: to_15(str(record.get("OwnerId"))) == owner


def _check_semi_joins(where: Condition, *, nested: bool) -> None:
    found = list(_semi_joins(where, ""))
    if found and nested:
        raise malformed("Nesting of semi join sub-selects is not supported")
    if len(found) > _MAXIMUM_SEMI_JOINS:
        raise malformed(f"Maximum {_MAXIMUM_SEMI_JOINS} semi join sub-selects are allowed")
    for operator in found:
        if operator:
            raise malformed(f"Semi join sub-selects are not allowed with the '{operator}' operator")


def _semi_joins(condition: Condition, outer: str) -> Iterator[str]:
    """One entry for each semi-join: the OR or NOT that contains it, or nothing."""
    if isinstance(condition, Logical):
        below = outer if condition.operator == "AND" else condition.operator
        for part in condition.parts:
            yield from _semi_joins(part, below)
    elif condition.inner is not None:
        yield outer


def _semi_join_test(scope: Scope, comparison: Comparison) -> Test:
    """`Id IN (SELECT AccountId FROM Contact WHERE …)`."""
    inner = comparison.inner
    assert inner is not None
    inner_scope = open_scope(scope.context, inner.sources)
    left = _id_field(scope, comparison.left, comparison.left.position)
    selected = inner.select[0]
    if len(inner.select) != 1 or not isinstance(selected, Selected):
        raise malformed("Semi join sub-selects can only query one field")
    right = _id_field(inner_scope, selected.expression, comparison.left.position)
    _check_same_type(scope, inner_scope, comparison, left, right)
    test = row_test(inner_scope, inner, nested=True)
    name = right.field.name
    wanted = {
        to_15(str(record[name]))
        for record in all_rows(inner_scope)
        if record.get(name) and test(record)
    }
    included = comparison.operator == "IN"
    return lambda found: (found is not None and to_15(str(found)) in wanted) is included


def _id_field(scope: Scope, expression: Expression, position: int) -> BoundField:
    bound = scope.bind(expression) if isinstance(expression, Path) else None
    if bound is None or bound.hops or bound.field.type not in ("id", "reference"):
        message = (
            "The left operand field in the where expression for outer query should be an id "
            f"field, cannot use: '{expression.text}'"
        )
        raise located("MALFORMED_QUERY", scope.context.text, position, message)
    return bound


def _check_same_type(
    outer: Scope, inner: Scope, comparison: Comparison, left: BoundField, right: BoundField
) -> None:
    text, position = outer.context.text, comparison.left.position
    if outer.entity.name == inner.entity.name:
        message = "The inner and outer selects should not be on the same object type"
        raise located("MALFORMED_QUERY", text, position, message)
    if not _targets(outer, left) & _targets(inner, right):
        raise _different_types(text, position, comparison, right)


def _different_types(
    text: str, position: int, comparison: Comparison, right: BoundField
) -> ApiError:
    message = (
        f"The selected field '{right.field.name}' in the subquery and the left operand field in "
        f"the where expression in the outer query '{comparison.left.text}' should point to the "
        "same object type"
    )
    return located("MALFORMED_QUERY", text, max(position - 1, 0), message)


def _targets(scope: Scope, bound: BoundField) -> set[str]:
    return {scope.entity.name} if bound.field.type == "id" else set(bound.field.reference_to)

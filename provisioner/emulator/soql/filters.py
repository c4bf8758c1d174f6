"""A condition → a test of rows (of records in WHERE, of groups in HAVING)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.model import Comparison, Condition, Expression
from provisioner.emulator.soql.predicates import Test, make_test, refuse_filter

Binder = Callable[[Expression], tuple[Field, Callable[[Any], Any]]]
SemiJoin = Callable[[Comparison], Test]

_NEVER_FILTERABLE = frozenset({"base64", "address", "location", "complexvalue", "anyType"})


def compile_condition(
    query: str, condition: Condition, bind: Binder, now: datetime, semi_join: SemiJoin
) -> Test:
    """The test of one row. Raises the errors of names, operators and values."""
    if isinstance(condition, Comparison):
        return _compile_comparison(query, condition, bind, now, semi_join)
    tests = [compile_condition(query, part, bind, now, semi_join) for part in condition.parts]
    if condition.operator == "NOT":
        return lambda row: not tests[0](row)
    if condition.operator == "AND":
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def _compile_comparison(
    query: str, comparison: Comparison, bind: Binder, now: datetime, semi_join: SemiJoin
) -> Test:
    field, getter = bind(comparison.left)
    if not is_filterable(field):
        raise refuse_filter(query, comparison.left.position, field)
    if comparison.inner is not None:
        test = semi_join(comparison)
    else:
        test = make_test(query, comparison, field, now)
    return lambda row: test(getter(row))


def is_filterable(field: Field) -> bool:
    """Whether a field may be used in WHERE."""
    return field.is_filterable and field.type not in _NEVER_FILTERABLE

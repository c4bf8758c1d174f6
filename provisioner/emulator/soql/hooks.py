"""Query rules: add rows, or refuse a query, before some objects are queried.

Most rows are in the store and progress when they are read (`objects.rules.on_read`). Some
objects of the Tooling API require certain filters, or have unlimited rows:
`SubscriberPackageVersion` has any package version, by its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from provisioner.emulator.soql.errors import malformed
from provisioner.emulator.soql.model import Comparison, Condition, Path, Query

if TYPE_CHECKING:
    from provisioner.emulator.objects.schema import ObjectType
    from provisioner.emulator.objects.store import Store


@dataclass(frozen=True)
class QueryView:
    """A query, as rules get it."""

    store: Store
    type: ObjectType
    equal: Mapping[str, tuple[Any, ...]]
    """The filters by `=` or IN at the top level of WHERE: values by exact field name."""
    tooling: bool
    user_id: str
    branches: tuple[Mapping[str, tuple[Any, ...]], ...] = ()
    """The same for each branch of an OR in WHERE, with the filters around it."""

    def require(self, *field_names: str) -> None:
        """MALFORMED_QUERY unless one of these fields is filtered by `=` or IN."""
        if not any(name in self.equal for name in field_names):
            names = " or ".join(field_names)
            raise malformed(
                f"Implementation restriction: {self.type.name} requires a filter by {names} "
                "using the equals or 'IN' operator"
            )


QueryRule = Callable[[Any, QueryView], None]  # the EmulatedOrg first, as rules of changes
QUERY_RULES: dict[str, list[QueryRule]] = defaultdict(list)


def on_query(type_name: str) -> Callable[[QueryRule], QueryRule]:
    """Register a rule to run before each query of a type; it may add rows or raise ApiError."""

    def register(function: QueryRule) -> QueryRule:
        QUERY_RULES[type_name].append(function)
        return function

    return register


def run_query_rules(
    store: Store, object_type: ObjectType, query: Query, *, tooling: bool, user_id: str
) -> None:
    """Run the rules of a query's object."""
    rules = QUERY_RULES.get(object_type.name)
    if not rules:
        return
    equal: dict[str, tuple[Any, ...]] = {}
    if query.where is not None:
        _collect(object_type, query.where, equal)
    branches = tuple(_branches(object_type, query.where)) if query.where is not None else ()
    view = QueryView(store, object_type, equal, tooling, user_id, branches)
    for rule in rules:
        rule(store.org, view)


def _collect(
    object_type: ObjectType, condition: Condition, equal: dict[str, tuple[Any, ...]]
) -> None:
    if isinstance(condition, Comparison):
        if condition.operator not in ("=", "IN") or not isinstance(condition.left, Path):
            return
        field = object_type.find_field(condition.left.parts[-1])
        if field is not None and len(condition.left.parts) == 1 and condition.inner is None:
            equal[field.name] = tuple(value.value for value in condition.values)
    elif condition.operator == "AND":
        for part in condition.parts:
            _collect(object_type, part, equal)


def _branches(
    object_type: ObjectType, condition: Condition
) -> Iterator[Mapping[str, tuple[Any, ...]]]:
    """The filters of each way in which a condition can hold; negations are left out."""
    if isinstance(condition, Comparison) or condition.operator not in ("AND", "OR"):
        equal: dict[str, tuple[Any, ...]] = {}
        _collect(object_type, condition, equal)
        yield equal
    elif condition.operator == "OR":
        for part in condition.parts:
            yield from _branches(object_type, part)
    else:
        for several in product(*(list(_branches(object_type, one)) for one in condition.parts)):
            yield {name: values for one in several for name, values in one.items()}

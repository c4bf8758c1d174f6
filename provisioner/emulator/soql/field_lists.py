"""The field list of a SELECT → the output for each record; FIELDS(); child subqueries."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.ids import to_15
from provisioner.emulator.soql.aggregates import is_aggregate
from provisioner.emulator.soql.errors import located, malformed
from provisioner.emulator.soql.expressions import bind_row_expression, bind_selected, refuse_call
from provisioner.emulator.soql.model import (
    Call,
    ChildQuery,
    Comparison,
    Condition,
    Expression,
    FieldGroup,
    Logical,
    Path,
    Query,
    Selected,
    TypeOf,
)
from provisioner.emulator.soql.names import BoundField, Scope, with_aliases
from provisioner.emulator.soql.ordering import cut, sort_rows
from provisioner.emulator.soql.selection import all_rows, row_test
from provisioner.emulator.soql.shape import Level, Part
from provisioner.emulator.soql.type_of import add_type_of

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

_FIELDS_LIMIT = 200
_SELECTED = frozenset({"CONVERTCURRENCY", "DISTANCE", "FORMAT", "TOLABEL"})


def record_level(scope: Scope, query: Query) -> Level:
    """The output for the records of a query. Raises the errors of its field list."""
    level = Level(scope.context, scope.entity.name)
    seen: set[str] = set()
    for one in query.select:
        if isinstance(one, ChildQuery):
            _add_children(scope, level, one, seen)
        elif isinstance(one, FieldGroup):
            for bound in expand(scope, query, one):
                _note(seen, bound.text)
                level.add_field(bound)
        elif isinstance(one, TypeOf):
            _note(seen, add_type_of(scope, level, query, one))
        else:
            _add_selected(scope, level, one, seen)
    if not level.parts:
        raise malformed(
            "'FIELDS(...)' expansion function must result in at least one field being selected."
        )
    return level


def _note(seen: set[str], name: str) -> None:
    if name.lower() in seen:
        raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {name}")
    seen.add(name.lower())


def _add_selected(scope: Scope, level: Level, one: Selected, seen: set[str]) -> None:
    expression = one.expression
    text = scope.context.text
    if isinstance(expression, Call):
        _add_call(scope, level, one, expression, seen)
        return
    bound = scope.bind(expression)
    if one.alias:
        message = "only aggregate expressions use field aliasing"
        raise located("MALFORMED_QUERY", text, expression.position, message)
    _note(seen, bound.text)
    level.add_field(bound)


def _add_call(scope: Scope, level: Level, one: Selected, call: Call, seen: set[str]) -> None:
    """`toLabel(Status)`, `FORMAT(Amount) Amt`: the functions that need no groups."""
    if is_aggregate(call):
        raise malformed("Only root queries support aggregate expressions")
    _, getter = bind_selected(scope, call)
    if call.name not in _SELECTED:
        raise refuse_call(scope, call)
    key = one.alias or _own_key(scope, level, call)
    _note(seen, key)
    level.parts[key] = getter


def _own_key(scope: Scope, level: Level, call: Call) -> str:
    """The key of a function without an alias: its field; of a distance `expr0`, `expr1` …"""
    if call.name == "DISTANCE" or call.path is None:
        return f"expr{sum(1 for key in level.parts if key.startswith('expr'))}"
    return scope.bind(call.path).field.name


def expand(scope: Scope, query: Query, group: FieldGroup) -> list[BoundField]:
    """The fields of FIELDS(…). Raises MALFORMED_QUERY without a limit on rows."""
    if group.group != "STANDARD" and not _is_bounded(query):
        raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
    return [
        BoundField((), field, scope.entity)
        for field in scope.entity.fields.values()
        if group.group == "ALL" or field.name.endswith("__c") == (group.group == "CUSTOM")
    ]


def _is_bounded(query: Query) -> bool:
    if query.limit is not None and query.limit <= _FIELDS_LIMIT:
        return True
    return query.where is not None and 0 < _ids_asked(query.where) <= _FIELDS_LIMIT


def _ids_asked(where: Condition) -> int:
    """The maximum number of records that a condition on ids can match; 0: no maximum."""
    if isinstance(where, Comparison):
        is_id = isinstance(where.left, Path) and where.left.parts[-1].lower() == "id"
        return len(where.values) if is_id and where.operator in ("=", "IN") else 0
    counts = [_ids_asked(part) for part in where.parts]
    if isinstance(where, Logical) and where.operator == "OR":
        return sum(counts) if all(counts) else 0
    return min((count for count in counts if count), default=0) if where.operator == "AND" else 0


def _add_children(scope: Scope, level: Level, one: ChildQuery, seen: set[str]) -> None:
    query = one.query
    child_type, reference = scope.children(query.sources[0])
    child_scope = with_aliases(Scope(scope.context, child_type), query.sources)
    if query.is_count or any(
        isinstance(entry, Selected) and is_aggregate(entry.expression) for entry in query.select
    ):
        raise malformed("Only root queries support aggregate expressions")
    name = reference.child_relationship_name
    _note(seen, name)
    level.parts[name] = _children_part(child_scope, query, reference.name)


def _children_part(scope: Scope, query: Query, reference: str) -> Part:
    """How to render the children of a record; they are searched once for all records."""
    level = record_level(scope, query)
    test = row_test(scope, query)

    def bind(expression: Expression) -> Any:
        return bind_row_expression(scope, expression)

    matching = [row for row in all_rows(scope) if row.get(reference) and test(row)]
    by_parent: dict[str, list[Record]] = defaultdict(list)
    for row in sort_rows(scope.context.text, query, matching, bind):
        by_parent[to_15(str(row[reference]))].append(row)

    def part(record: Record) -> Any:
        rows = cut(query, by_parent.get(to_15(str(record["Id"])), []))
        if not rows:
            return None
        records = [level.render(row) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    return part

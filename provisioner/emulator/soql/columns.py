"""`&columns=true`: the columns of a query, without running it (used by `sf data query`)."""

from __future__ import annotations

from typing import Any

from provisioner.emulator.objects.schema import NUMERIC, Field
from provisioner.emulator.soql.expressions import bind_selected
from provisioner.emulator.soql.field_lists import expand
from provisioner.emulator.soql.grouping import bind_group_expression, column_names, is_grouped
from provisioner.emulator.soql.model import Call, ChildQuery, FieldGroup, Path, Query, TypeOf
from provisioner.emulator.soql.names import BoundField, Scope, with_aliases
from provisioner.emulator.soql.type_of import branches, relationship

_APEX_TYPES = {
    "id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer", "long": "Long",
    "double": "Double", "currency": "Double", "percent": "Double", "date": "Date",
    "datetime": "Datetime", "time": "Time", "base64": "Blob", "complexvalue": "complexvalue",
}  # fmt: skip

Column = dict[str, Any]


def query_metadata(scope: Scope, query: Query) -> dict[str, Any]:
    """columnMetadata, entityName, groupBy, idSelected, keyPrefix."""
    if query.is_count:
        columns = []
    else:
        columns = _grouped_columns(scope, query) if is_grouped(query) else _columns(scope, query)
    return {
        "columnMetadata": columns,
        "entityName": scope.entity.name,
        "groupBy": bool(query.group_by),
        "idSelected": any(column["columnName"] == "Id" for column in columns),
        "keyPrefix": scope.entity.key_prefix or None,
    }


def _grouped_columns(scope: Scope, query: Query) -> list[Column]:
    columns = []
    for name, expression in column_names(scope, query):
        field = bind_group_expression(scope, expression)
        is_call = isinstance(expression, Call)
        columns.append(_column(name, field, expression.text if is_call else name, is_call))
    return columns


def _columns(scope: Scope, query: Query) -> list[Column]:
    columns: list[Column] = []
    for one in query.select:
        if isinstance(one, ChildQuery):
            columns.append(_children(scope, one))
        elif isinstance(one, FieldGroup):
            for bound in expand(scope, query, one):
                _add_bound(columns, bound)
        elif isinstance(one, TypeOf):
            _add_type_of(columns, scope, query, one)
        elif isinstance(one.expression, Path):
            _add_bound(columns, scope.bind(one.expression))
        else:
            field, _ = bind_selected(scope, one.expression)
            columns.append(_column(one.alias or field.name, field))
    return columns


def _add_type_of(columns: list[Column], scope: Scope, query: Query, one: TypeOf) -> None:
    """The column of the parent, with the fields of each of its types."""
    hops = relationship(scope, query, one)
    inside = _parent_columns(columns, hops)
    for _, fields in branches(scope, hops[-1], one):
        for bound in fields:
            _add_bound(inside, bound)


def _add_bound(columns: list[Column], bound: BoundField) -> None:
    """Put a field into its parent's column, which is added if it is missing."""
    inside = _parent_columns(columns, bound.hops)
    if not any(column["columnName"] == bound.field.name for column in inside):
        inside.append(_column(bound.field.name, bound.field))


def _parent_columns(columns: list[Column], hops: tuple[Field, ...]) -> list[Column]:
    for hop in hops:
        name = hop.relationship_name
        parent = next((column for column in columns if column["columnName"] == name), None)
        if parent is None:
            parent = _column(name, Field(name, is_createable=False, is_updateable=False))
            parent |= {"apexType": None, "textType": False, "foreignKeyName": hop.name}
            columns.append(parent)
        columns = parent["joinColumns"]
    return columns


def _children(scope: Scope, one: ChildQuery) -> Column:
    child_type, reference = scope.children(one.query.sources[0])
    child_scope = with_aliases(Scope(scope.context, child_type), one.query.sources)
    name = reference.child_relationship_name
    column = _column(name, Field(name, is_createable=False, is_updateable=False), name, True)
    column |= {"apexType": None, "textType": False}
    column["joinColumns"] = _columns(child_scope, one.query)
    return column


def _column(
    name: str, field: Field, display_name: str | None = None, aggregate: bool = False
) -> Column:
    apex_type = _APEX_TYPES.get(field.type, "String")
    return {
        "aggregate": aggregate,
        "apexType": apex_type,
        "booleanType": field.type == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": display_name or name,
        "foreignKeyName": None,
        "insertable": field.is_createable and not aggregate,
        "joinColumns": [],
        "numberType": field.type in NUMERIC,
        "textType": apex_type == "String",
        "updatable": field.is_updateable and not aggregate,
    }

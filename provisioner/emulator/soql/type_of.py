"""`TYPEOF What WHEN Account THEN Phone ELSE Name END`: fields by the type of the parent.

Source: "TYPEOF" in the SOQL and SOSL Reference. A record whose parent has none of the types, and
for which there is no ELSE, has null. The text for an operand that is selected as well is from a
recorded answer (forcedotcom/SFDX-Data-Move-Utility, issue 354), that for old API versions from
Salesforce Help ("SOQL TYPEOF expressions"); those of the other refusals were not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.soql.errors import located, malformed, no_such_type
from provisioner.emulator.soql.lexer import Kind
from provisioner.emulator.soql.model import Path, Query, Selected, TypeOf, When
from provisioner.emulator.soql.names import NAME, BoundField, Context, Scope, follow
from provisioner.emulator.soql.shape import Level, Part
from provisioner.emulator.soql.stream import TokenStream

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

_FIRST_VERSION = 46.0


def starts_type_of(stream: TokenStream) -> bool:
    """Whether an expression comes next, and not a field of this name."""
    following = stream.following
    is_operand = following.kind is Kind.NAME and not following.is_word("FROM")
    return stream.current.is_word("TYPEOF") and is_operand


def read_type_of(stream: TokenStream) -> TypeOf:
    """Read an expression, from TYPEOF to END. Raises MALFORMED_QUERY."""
    stream.expect_word("TYPEOF")
    operand = stream.path()
    whens = [_when(stream)]
    while stream.current.is_word("WHEN"):
        whens.append(_when(stream))
    otherwise = _paths(stream) if stream.take_word("ELSE") else ()
    stream.expect_word("END")
    return TypeOf(operand, tuple(whens), otherwise)


def _when(stream: TokenStream) -> When:
    stream.expect_word("WHEN")
    name = stream.path()
    stream.expect_word("THEN")
    return When(name, _paths(stream))


def _paths(stream: TokenStream) -> tuple[Path, ...]:
    paths = [_path(stream)]
    while stream.take_symbol(","):
        paths.append(_path(stream))
    return tuple(paths)


def _path(stream: TokenStream) -> Path:
    if stream.current.is_word("TYPEOF", "WHEN", "ELSE", "END", "FROM"):
        raise stream.refuse()
    return stream.path()


def api_version(context: Context) -> float:
    """The API version of a query; the newest one where it has none."""
    found = re.search(r"/v(\d+\.\d)/", context.records_path)
    return float(found[1]) if found else _FIRST_VERSION


def add_type_of(scope: Scope, level: Level, query: Query, one: TypeOf) -> str:
    """Add an expression to the output of records; returns the name of its relationship.

    Raises the errors of its names.
    """
    if api_version(scope.context) < _FIRST_VERSION:
        raise malformed("SOQL TYPEOF expressions are not supported in this organization")
    hops = relationship(scope, query, one)
    levels = {
        entity.name: _level(scope, entity, fields)
        for entity, fields in branches(scope, hops[-1], one)
    }
    level.below(hops[:-1]).parts[hops[-1].relationship_name] = _part(scope, hops[-1], levels)
    return ".".join(hop.relationship_name for hop in hops)


def relationship(scope: Scope, query: Query, one: TypeOf) -> tuple[Field, ...]:
    """The relationships that the operand names; the last can be of several types."""
    text, position = scope.context.text, one.operand.position
    hops = scope.bind(Path((*one.operand.parts, "Id"), position)).hops
    if not hops or len(hops[-1].reference_to) == 1:
        message = f"TYPEOF operand '{one.operand.text}' is not a polymorphic relationship field"
        raise located("MALFORMED_QUERY", text, position, message)
    for other in query.select:
        if not isinstance(other, Selected) or not isinstance(other.expression, Path):
            continue
        if scope.bind(other.expression).hops[: len(hops)] == hops:
            raise malformed(
                f"TYPEOF operand '{one.operand.text}' and top-level SELECT list element "
                f"'{other.expression.text}' may not reference the same relationship field."
            )
    return hops


def branches(
    scope: Scope, operand: Field, one: TypeOf
) -> Iterator[tuple[ObjectType, list[BoundField]]]:
    """The fields of each type that WHEN names, and those of ELSE, as fields of `Name`."""
    seen: set[str] = set()
    for when in one.whens:
        entity = _type(scope, operand, when.type_name)
        if entity.name in seen:
            message = f"duplicate WHEN for object type '{entity.name}' in TYPEOF expression"
            raise located("MALFORMED_QUERY", scope.context.text, when.type_name.position, message)
        seen.add(entity.name)
        yield entity, _bound(scope, entity, when.fields)
    if one.otherwise:
        yield NAME, _bound(scope, NAME, one.otherwise)


def _type(scope: Scope, operand: Field, name: Path) -> ObjectType:
    context = scope.context
    try:
        found = context.store.object_type(name.text, tooling=context.tooling)
    except ApiError as error:
        raise no_such_type(context.text, name.position, name.text) from error
    if not permissions.may_read(context.store, found, context.user_id):
        raise no_such_type(context.text, name.position, name.text)
    if operand.reference_to and found.name not in operand.reference_to:
        message = (
            f"Relationship field '{operand.relationship_name}' cannot reference object type "
            f"'{found.name}'"
        )
        raise located("MALFORMED_QUERY", context.text, name.position, message)
    return permissions.view(context.store, found, context.user_id)


def _bound(scope: Scope, entity: ObjectType, paths: tuple[Path, ...]) -> list[BoundField]:
    inner = Scope(scope.context, entity)
    bound = [inner.bind(path) for path in paths]
    names = [one.text for one in bound]
    for name in names:
        if names.count(name) > 1:
            raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {name}")
    return bound


def _level(scope: Scope, entity: ObjectType, fields: list[BoundField]) -> Level:
    level = Level(scope.context, entity.name)
    for one in fields:
        level.add_field(one)
    return level


def _part(scope: Scope, operand: Field, levels: Mapping[str, Level]) -> Part:
    store = scope.context.store

    def part(record: Record) -> Any:
        parent = follow(store, record, (operand,))
        found = None if parent is None else store.type_of_id(str(parent["Id"]))
        if parent is None or found is None:
            return None
        level = levels.get(found.name) or levels.get(NAME.name)
        return None if level is None else level.render(parent)

    return part

"""Names of a query → fields of the schema: objects, dotted paths, aliases, child relationships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.features.unknown_fields import (
    refuse_unknown_children,
    refuse_unknown_field,
    refuse_unknown_relationship,
)
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.soql.errors import (
    no_such_children,
    no_such_column,
    no_such_relationship,
    no_such_type,
)
from provisioner.emulator.soql.model import Path, Source

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.objects.store import Store

# The fields of a parent that can be of several types, such as the owner of a record:
# https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/ "Name".
_NAME_FIELDS = (
    ("Id", "id"), ("Name", "string"), ("FirstName", "string"), ("LastName", "string"),
    ("Alias", "string"), ("Email", "email"), ("Username", "string"), ("Phone", "phone"),
    ("Title", "string"), ("Type", "picklist"), ("IsActive", "boolean"),
    ("ProfileId", "reference"), ("UserRoleId", "reference"),
)  # fmt: skip
_OF_NAMES = {"ProfileId": "Profile", "UserRoleId": "UserRole"}
NAME = ObjectType(
    "Name", "", "Name", "Names",
    {
        name: Field(
            name,
            kind,
            reference_to=(_OF_NAMES[name],) if name in _OF_NAMES else (),
            relationship_name=_OF_NAMES.get(name, ""),
        )
        for name, kind in _NAME_FIELDS
    },
)  # fmt: skip


@dataclass(frozen=True)
class BoundField:
    """The field of a path, and the relationships to it."""

    hops: tuple[Field, ...]
    field: Field
    entity: ObjectType  # that the field belongs to

    @property
    def keys(self) -> tuple[str, ...]:
        """The location of the value in the JSON of a record, in the schema's spelling."""
        return (*(hop.relationship_name for hop in self.hops), self.field.name)

    @property
    def text(self) -> str:
        """As Salesforce writes it: `Account.Name`."""
        return ".".join(self.keys)


@dataclass(frozen=True)
class Context:
    """The context of one query."""

    store: Store
    text: str  # of the query, for the caret of an error
    now: datetime
    user_id: str = ""
    tooling: bool = False
    include_deleted: bool = False  # queryAll
    records_path: str = ""  # `/services/data/v68.0/sobjects`, for the url of each record


@dataclass(frozen=True)
class Scope:
    """One level of a query: its object, and its aliases."""

    context: Context
    entity: ObjectType
    aliases: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    def bind(self, path: Path) -> BoundField:
        """The field that `path` names. Raises INVALID_FIELD."""
        parts = list(path.parts)
        hops = self._prefix(parts)
        entity = self._parent(hops[-1]) if hops else self.entity
        while len(parts) > 1:
            hop = entity.find_relationship(parts[0])
            if hop is None:
                refuse_unknown_relationship(entity.name, parts[0])
                raise no_such_relationship(self.context.text, path.position, parts[0])
            hops.append(hop)
            entity = self._parent(hop)
            parts.pop(0)
        found = entity.find_field(parts[0])
        if found is None:
            refuse_unknown_field(entity.name, parts[0])
            raise no_such_column(self.context.text, path.position, parts[0], entity.name)
        return BoundField(tuple(hops), found, entity)

    def _parent(self, hop: Field) -> ObjectType:
        """The type behind a relationship, as the user sees it."""
        context = self.context
        return permissions.view(context.store, parent_type(context.store, hop), context.user_id)

    def _prefix(self, parts: list[str]) -> list[Field]:
        """Remove an alias, or the name of the object, from the front; returns its relationships."""
        if len(parts) == 1:
            return []
        first = parts[0].lower()
        if first in self.aliases:
            parts.pop(0)
            return list(self.aliases[first])
        if first == self.entity.name.lower() and self.entity.find_relationship(first) is None:
            parts.pop(0)
        return []

    def children(self, source: Source) -> tuple[ObjectType, Field]:
        """The child type, and its field that points here, of a subquery's FROM."""
        parts = list(source.path.parts)
        if len(parts) > 1:
            first = parts.pop(0).lower()
            if first not in self.aliases and first != self.entity.name.lower():
                wrong = source.path.parts[0]
                raise no_such_relationship(self.context.text, source.path.position, wrong)
        context = self.context
        found = child_relationship(context.store, self.entity, ".".join(parts))
        if found is None or not permissions.may_read(context.store, found[0], context.user_id):
            refuse_unknown_children(self.entity.name, parts[0])
            raise no_such_children(context.text, source.path.position, parts[0])
        return permissions.view(context.store, found[0], context.user_id), found[1]


def open_scope(context: Context, sources: tuple[Source, ...]) -> Scope:
    """The scope of a top-level FROM. Raises INVALID_TYPE."""
    main = sources[0].path
    try:
        entity = context.store.object_type(main.text, tooling=context.tooling)
    except ApiError as error:
        raise no_such_type(context.text, main.position, main.text) from error
    if not permissions.may_read(context.store, entity, context.user_id):
        raise no_such_type(context.text, main.position, main.text)
    seen = permissions.view(context.store, entity, context.user_id)
    return with_aliases(Scope(context, seen), sources)


def with_aliases(scope: Scope, sources: tuple[Source, ...]) -> Scope:
    """The scope with the aliases of a FROM: `Contact c, c.Account a`."""
    aliases: dict[str, tuple[Field, ...]] = {}
    if sources[0].alias:
        aliases[sources[0].alias.lower()] = ()
    for source in sources[1:]:
        known = Scope(scope.context, scope.entity, dict(aliases))
        hops = _relationships(known, source.path)
        aliases[(source.alias or source.path.parts[-1]).lower()] = hops
    return Scope(scope.context, scope.entity, aliases)


def _relationships(scope: Scope, path: Path) -> tuple[Field, ...]:
    bound = scope.bind(Path((*path.parts, "Id"), path.position))
    return bound.hops


def parent_type(store: Store, hop: Field) -> ObjectType:
    """The type behind a relationship; `Name` where it can be several."""
    if len(hop.reference_to) == 1:
        return store.types[hop.reference_to[0]]
    return NAME


def child_relationship(
    store: Store, parent: ObjectType, name: str
) -> tuple[ObjectType, Field] | None:
    """The child type and its reference field that make up a relationship of the parent."""
    wanted = name.lower()
    to_any: tuple[ObjectType, Field] | None = None
    for object_type in store.types.values():
        for one in object_type.fields.values():
            if one.child_relationship_name.lower() == wanted:
                if parent.name in one.reference_to:
                    return object_type, one
                if not (one.reference_to or parent.is_setup or parent.is_tooling):
                    to_any = to_any or (object_type, one)
    return to_any


def follow(store: Store, record: Record | None, hops: tuple[Field, ...]) -> Record | None:
    """The record at the end of relationships; None if one of them is empty."""
    for hop in hops:
        if record is None or not record.get(hop.name):
            return None
        parent_id, is_one = str(record[hop.name]), len(hop.reference_to) == 1
        parent = hop.reference_to[0] if is_one else _type_name(store, parent_id)
        record = store.get(parent, parent_id) if parent else None
        if record is not None and not is_one:
            record = {**record, "Type": parent}
    return record


def _type_name(store: Store, record_id: str) -> str:
    found = store.type_of_id(record_id)
    return found.name if found else ""


def value_of(store: Store, record: Record, bound: BoundField) -> Any:
    """The value of a field in a record; null if a parent is missing."""
    found = follow(store, record, bound.hops)
    return None if found is None else found.get(bound.field.name)

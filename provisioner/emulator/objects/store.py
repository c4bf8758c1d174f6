"""The rows of one org: insert, update, delete by the schema's rules, all or nothing at will."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import to_18
from provisioner.emulator.objects import derived, permissions, rules, validation
from provisioner.emulator.objects.indexes import Indexes
from provisioner.emulator.objects.object_types import ObjectTypes
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

Record = dict[str, Any]


class Store(ObjectTypes):
    """Object types and records of one org, data API and tooling.

    A record is a dict by exact field name with JSON-native values. It is never changed in
    place (a change stores a new dict), so what `rows` and `get` return may be read freely and
    must not be written to. One lock per org makes each change, and each `transaction`, atomic.
    """

    def __init__(self, org: EmulatedOrg, types: Mapping[str, ObjectType]) -> None:
        super().__init__(types)
        self.org = org
        self._rows: dict[str, dict[str, Record]] = {}
        self._deleted: dict[str, dict[str, Record]] = {}
        self._indexes = Indexes()
        self._numbers: dict[tuple[str, str], int] = {}

    def remove_type(self, name: str) -> None:
        """Forget a type and its records; undone with the transaction."""
        rows = self._rows.pop(name, {})
        self._indexes.forget(name)
        super().remove_type(name)

        def undo() -> None:
            self._rows[name] = rows

        self._remember(undo)

    def _fields_changed(self, type_name: str) -> None:
        self._indexes.forget(type_name)

    # --- reading --------------------------------------------------------------------------

    def rows(self, type_name: str) -> list[Record]:
        """All records of a type in order of creation; what takes time moves on first."""
        self._look(type_name, None)
        with self.lock:
            return list(self._rows.get(type_name, {}).values())

    def deleted_rows(self, type_name: str) -> list[Record]:
        """The records in the recycle bin, for queryAll; IsDeleted is true in them."""
        with self.lock:
            return list(self._deleted.get(type_name, {}).values())

    def get(self, type_name: str, record_id: str) -> Record | None:
        """A record by its id of 15 or 18 characters."""
        self._look(type_name, record_id)
        return self._rows.get(type_name, {}).get(to_18(record_id))

    def peek(self, type_name: str, record_id: str) -> Record | None:
        """A record by id, without a look: nothing moves on."""
        return self._rows.get(type_name, {}).get(to_18(record_id))

    def peek_rows(self, type_name: str) -> list[Record]:
        """All records of a type, without a look: nothing moves on."""
        with self.lock:
            return list(self._rows.get(type_name, {}).values())

    def is_deleted(self, type_name: str, record_id: str) -> bool:
        """Whether the record existed and was deleted."""
        return to_18(record_id) in self._deleted.get(type_name, {})

    def find_by(self, type_name: str, field_name: str, value: Any) -> list[Record]:
        """The records whose field has this value; text compares in any case."""
        with self.lock:
            rows = self._rows.get(type_name, {})
            return [rows[one] for one in self._indexes.find(type_name, field_name, value, rows)]

    def _look(self, type_name: str, record_id: str | None) -> None:
        readers = rules.READ_RULES.get(type_name)
        if not readers:
            return
        with self.lock:
            rows = self._rows.get(type_name, {})
            wanted = list(rows) if record_id is None else [to_18(record_id)]
            for one in wanted:
                if one in rows and self.org.world.first_look(one):
                    for reader in readers:
                        if one in rows:
                            reader(self, rows[one])

    # --- changing -------------------------------------------------------------------------

    def insert(self, type_name: str, values: Mapping[str, Any], *, user_id: str) -> str:
        """Insert a record as a client does; returns its id. Raises RecordError."""
        object_type = self.types[type_name]
        seen = permissions.require(self, object_type, None, user_id, "create")
        with self.transaction():
            given = validation.fields_of(self, seen, values, is_insert=True)
            record = self._blank(object_type, user_id)
            record.update(given)
            change = rules.Change(self, object_type, record, None, user_id, frozenset(given))
            rules.run("before insert", change)
            validation.require(object_type, record)
            validation.check_references(self, object_type, {n: record[n] for n in given})
            self._store(object_type, record, None)
            rules.run("after insert", change)
        return str(record["Id"])

    def update(
        self, type_name: str, record_id: str, values: Mapping[str, Any], *, user_id: str
    ) -> None:
        """Update a record as a client does. Raises RecordError."""
        object_type = self.types[type_name]
        with self.transaction():
            old = self._existing(object_type, record_id)
            seen = permissions.require(self, object_type, old, user_id, "update")
            given = validation.fields_of(self, seen, values, is_insert=False)
            record = {**old, **given, **self._stamps(object_type, user_id)}
            change = rules.Change(self, object_type, record, old, user_id, frozenset(given))
            rules.run("before update", change)
            validation.require(object_type, record, only=given)
            validation.check_references(self, object_type, given)
            self._store(object_type, record, old)
            rules.run("after update", change)

    def delete(self, type_name: str, record_id: str, *, user_id: str = "") -> None:
        """Delete a record as a client does, with its detail records. Raises RecordError."""
        object_type = self.types[type_name]
        with self.transaction():
            old = self._existing(object_type, record_id)
            permissions.require(self, object_type, old, user_id, "delete")
            change = rules.Change(self, object_type, old, old, user_id)
            rules.run("before delete", change)
            self._cascade(object_type, old, user_id)
            self.remove(type_name, old["Id"])
            rules.run("after delete", change)

    def add(self, type_name: str, values: Mapping[str, Any], *, user_id: str = "") -> str:
        """Insert as the platform itself: any field, no checks, no rules; returns the id."""
        object_type = self.types[type_name]
        with self.transaction():
            record = self._blank(object_type, user_id)
            record.update(values)
            self._store(object_type, record, None)
        return str(record["Id"])

    def set_fields(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Update as the platform itself: any field, no checks, no rules."""
        object_type = self.types[type_name]
        with self.transaction():
            old = self._existing(object_type, record_id)
            self._store(object_type, {**old, **values, **self._stamps(object_type, "")}, old)

    def remove(self, type_name: str, record_id: str) -> None:
        """Delete as the platform itself: no checks, no rules, no cascade."""
        with self.transaction():
            key = to_18(record_id)
            old = self._rows[type_name].pop(key)
            self._indexes.remove(type_name, old)
            binned = {**old, **({"IsDeleted": True} if "IsDeleted" in old else {})}
            self._deleted.setdefault(type_name, {})[key] = binned

            def undo() -> None:
                self._rows[type_name][key] = old
                self._indexes.add(type_name, old)
                del self._deleted[type_name][key]

            self._remember(undo)

    def clear(self, type_name: str) -> None:
        """Forget all records of a type, bin and all: rows that are made anew for each query."""
        with self.lock:
            self._rows.pop(type_name, None)
            self._deleted.pop(type_name, None)
            self._indexes.forget(type_name)

    # --- inside ---------------------------------------------------------------------------

    def _existing(self, object_type: ObjectType, record_id: str) -> Record:
        found = self._rows.get(object_type.name, {}).get(to_18(record_id))
        if found is not None:
            return found
        if self.is_deleted(object_type.name, record_id):
            raise RecordError("ENTITY_IS_DELETED", "entity is deleted")
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")

    def _blank(self, object_type: ObjectType, user_id: str) -> Record:
        """A new record: defaults, id, audit fields, automatic numbers."""
        record: Record = {name: field.default for name, field in object_type.fields.items()}
        for name, field in object_type.fields.items():
            if field.type == "boolean" and record[name] is None:
                record[name] = False
        record["Id"] = self.org.world.ids.new(object_type.key_prefix)
        now = format_datetime(self.org.world.clock.now())
        user = user_id or self.org.admin_id or None
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if name in record:
                record[name] = now
        for name in ("CreatedById", "LastModifiedById", "OwnerId"):
            if name in record:
                record[name] = user
        for name, pattern in object_type.properties.get("autonumber", {}).items():
            number = self._numbers.get((object_type.name, name), 0) + 1
            self._numbers[object_type.name, name] = number
            record[name] = derived.automatic_number(pattern, number)
        return record

    def _stamps(self, object_type: ObjectType, user_id: str) -> Record:
        now = format_datetime(self.org.world.clock.now())
        stamps = {"LastModifiedDate": now, "SystemModstamp": now}
        if user_id:
            stamps["LastModifiedById"] = user_id
        return {name: value for name, value in stamps.items() if name in object_type.fields}

    def _store(self, object_type: ObjectType, record: Record, old: Record | None) -> None:
        """Put a record in its place: derived fields, uniqueness, indexes, undo."""
        derived.fill(object_type, record)
        validation.check_unique(self, object_type, record)
        name, key = object_type.name, record["Id"]
        rows = self._rows.setdefault(name, {})
        if old is not None:
            self._indexes.remove(name, old)
        rows[key] = record
        self._indexes.add(name, record)

        def undo() -> None:
            self._indexes.remove(name, record)
            if old is None:
                del rows[key]
            else:
                rows[key] = old
                self._indexes.add(name, old)

        self._remember(undo)

    def _cascade(self, object_type: ObjectType, record: Record, user_id: str) -> None:
        """Details go with their master; plain lookups to the record become empty."""
        for child in list(self.types.values()):
            masters = child.properties.get("master_fields", ())
            for field in child.fields.values():
                if object_type.name not in field.reference_to or child.name not in self._rows:
                    continue
                for row in self.find_by(child.name, field.name, record["Id"]):
                    if field.name in masters:
                        self._cascade(child, row, user_id)
                        self.remove(child.name, row["Id"])
                    else:
                        self.set_fields(child.name, row["Id"], {field.name: None})

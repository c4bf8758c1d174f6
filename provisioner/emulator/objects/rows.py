"""The rows of one org as the platform itself reads and changes them: no permissions, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import to_15, to_18
from provisioner.emulator.objects.catalogue import StandardTypes
from provisioner.emulator.objects.derived import automatic_number
from provisioner.emulator.objects.derived import fill as fill_derived
from provisioner.emulator.objects.indexes import Indexes
from provisioner.emulator.objects.object_types import ObjectTypes
from provisioner.emulator.objects.records import Owner, Record
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.objects.values import format_datetime


class Rows(ObjectTypes):
    """Object types and records of one org, data API and tooling.

    A record is never changed in place (a change stores a new dict), so what `rows` and `get`
    return may be read freely and must not be written to. One lock per org makes each change,
    and each `transaction`, atomic.
    """

    def __init__(self, org: Owner, types: StandardTypes) -> None:
        super().__init__(types)
        self.org = org
        self._rows: dict[str, dict[str, Record]] = {}
        self._deleted: dict[str, dict[str, Record]] = {}
        self._deletion_dates: dict[str, str] = {}  # by the ids of `_deleted`
        self._indexes = Indexes()
        self._numbers: dict[tuple[str, str], int] = {}

    def remove_type(self, name: str) -> None:
        """Remove a type and its records; undone with the transaction."""
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
        """All records of a type in order of creation, after a poll of each."""
        self._poll(type_name, None)
        with self.lock:
            return list(self._rows.get(type_name, {}).values())

    def deleted_rows(self, type_name: str) -> list[Record]:
        """The records in the recycle bin, for queryAll; IsDeleted is true in them."""
        with self.lock:
            return list(self._deleted.get(type_name, {}).values())

    def deletion_date(self, record_id: str) -> str:
        """When a record of `deleted_rows` was deleted, in the format of records."""
        return self._deletion_dates[record_id]

    def get(self, type_name: str, record_id: str) -> Record | None:
        """A record by its id of 15 or 18 characters, after a poll."""
        self._poll(type_name, record_id)
        return self._rows.get(type_name, {}).get(to_18(record_id))

    def peek(self, type_name: str, record_id: str) -> Record | None:
        """A record by id, without a poll."""
        return self._rows.get(type_name, {}).get(to_18(record_id))

    def peek_rows(self, type_name: str) -> list[Record]:
        """All records of a type, without a poll."""
        with self.lock:
            return list(self._rows.get(type_name, {}).values())

    def is_deleted(self, type_name: str, record_id: str) -> bool:
        """Whether the record existed and was deleted."""
        return to_18(record_id) in self._deleted.get(type_name, {})

    def find_by(self, type_name: str, field_name: str, value: Any) -> list[Record]:
        """The records whose field has this value; text is compared case-insensitively."""
        with self.lock:
            rows = self._rows.get(type_name, {})
            return [rows[one] for one in self._indexes.find(type_name, field_name, value, rows)]

    def _poll(self, type_name: str, record_id: str | None) -> None:
        """Records are about to be read: the one of this id, or all. Operations may progress."""

    # --- changing -------------------------------------------------------------------------

    def add(self, type_name: str, values: Mapping[str, Any], *, user_id: str = "") -> str:
        """Insert as the platform itself: any field, no checks, no rules; returns the id."""
        object_type = self.types[type_name]
        with self.transaction():
            record = self._blank(object_type, user_id)
            record.update(values)
            self._put(object_type, record, None)
        return str(record["Id"])

    def set_fields(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Update as the platform itself: any field, no checks, no rules."""
        object_type = self.types[type_name]
        with self.transaction():
            old = self._existing(object_type, record_id)
            self._put(object_type, {**old, **values, **self._audit_fields(object_type, "")}, old)

    def remove(self, type_name: str, record_id: str) -> None:
        """Delete as the platform itself: no checks, no rules, no cascade."""
        with self.transaction():
            key = to_18(record_id)
            old = self._rows[type_name].pop(key)
            self._indexes.remove(type_name, old)
            binned = {**old, **({"IsDeleted": True} if "IsDeleted" in old else {})}
            self._deleted.setdefault(type_name, {})[key] = binned
            self._deletion_dates[key] = format_datetime(self.org.now().replace(microsecond=0))

            def undo() -> None:
                self._rows[type_name][key] = old
                self._indexes.add(type_name, old)
                del self._deleted[type_name][key]
                del self._deletion_dates[key]

            self._remember(undo)

    def clear(self, type_name: str) -> None:
        """Remove all records of a type, also from the recycle bin; for rows made for each query."""
        with self.lock:
            self._rows.pop(type_name, None)
            for record_id in self._deleted.pop(type_name, {}):
                del self._deletion_dates[record_id]
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
        record["Id"] = self.org.new_id(object_type.key_prefix)
        now = format_datetime(self.org.now())
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
            record[name] = automatic_number(pattern, number)
        return record

    def _audit_fields(self, object_type: ObjectType, user_id: str) -> Record:
        now = format_datetime(self.org.now())
        audit_fields = {"LastModifiedDate": now, "SystemModstamp": now}
        if user_id:
            audit_fields["LastModifiedById"] = user_id
        return {name: value for name, value in audit_fields.items() if name in object_type.fields}

    def _put(self, object_type: ObjectType, record: Record, old: Record | None) -> None:
        """Store a record: derived fields, uniqueness, indexes, undo."""
        fill_derived(object_type, record)
        self._check_unique(object_type, record)
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

    def _check_unique(self, object_type: ObjectType, record: Record) -> None:
        """DUPLICATE_VALUE when another record has the value of a unique field."""
        for field in object_type.fields.values():
            value = record.get(field.name)
            if not field.is_unique or value is None:
                continue
            twins = self.find_by(object_type.name, field.name, value)
            twin = next((one for one in twins if one["Id"] != record["Id"]), None)
            if twin is not None:
                raise RecordError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {field.name} duplicates value on record with id: "
                    f"{to_15(twin['Id'])}",
                    [field.name],
                )

"""The rows of one org as its clients change them: by permissions, schema and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.ids import to_18
from provisioner.emulator.objects import deletions, permissions, rules, validation
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rows import Rows
from provisioner.emulator.objects.rules import Change
from provisioner.emulator.objects.schema import ObjectType


class Store(Rows):
    """Rows, and their changes by clients; a failure undoes the whole change."""

    def insert(self, type_name: str, values: Mapping[str, Any], *, user_id: str) -> str:
        """Insert a record as a client does; returns its id. Raises RecordError."""
        object_type = self.types[type_name]
        seen = permissions.require(self, object_type, None, user_id, "create")
        with self.transaction():
            given = validation.fields_of(self, seen, values, is_insert=True)
            record = self._blank(object_type, user_id)
            record.update(given)
            change = Change(self, object_type, record, None, user_id, frozenset(given))
            rules.run(self.org, "before insert", change)
            validation.require(object_type, record)
            validation.check_references(self, object_type, {n: record[n] for n in given})
            self._put(object_type, record, None)
            rules.run(self.org, "after insert", change)
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
            record = {**old, **given, **self._audit_fields(object_type, user_id)}
            change = Change(self, object_type, record, old, user_id, frozenset(given))
            rules.run(self.org, "before update", change)
            validation.require(object_type, record, only=given)
            validation.check_references(self, object_type, given)
            self._put(object_type, record, old)
            rules.run(self.org, "after update", change)

    def delete(self, type_name: str, record_id: str, *, user_id: str = "") -> None:
        """Delete a record as a client does, with its detail records. Raises RecordError."""
        object_type = self.types[type_name]
        with self.transaction():
            old = self._existing(object_type, record_id)
            permissions.require(self, object_type, old, user_id, "delete")
            change = Change(self, object_type, old, old, user_id)
            rules.run(self.org, "before delete", change)
            deletions.refuse_needed(self, object_type, old)
            self._cascade(object_type, old, user_id)
            self.remove(type_name, old["Id"])
            rules.run(self.org, "after delete", change)

    # --- inside ---------------------------------------------------------------------------

    def _unknown_type(self, name: str) -> ObjectType | None:
        for maker in rules.TYPE_MAKERS:
            made = maker(self.org, name)
            if made is not None:
                self.add_type(made)
                return made
        return None

    def _poll(self, type_name: str, record_id: str | None) -> None:
        readers = rules.READ_RULES.get(type_name)
        if not readers:
            return
        with self.lock:
            rows = self._rows.get(type_name, {})
            wanted = list(rows) if record_id is None else [to_18(record_id)]
            for one in wanted:
                if one in rows and self.org.is_first_poll(one):
                    for reader in readers:
                        if one in rows:
                            reader(self.org, rows[one])

    def _cascade(self, object_type: ObjectType, record: Record, user_id: str) -> None:
        """Delete the detail records of a record; clear lookups to it."""
        for child in list(self.types.values()):
            masters = deletions.cascading(object_type, child)
            for field in child.fields.values():
                if object_type.name not in field.reference_to or child.name not in self._rows:
                    continue
                for row in self.find_by(child.name, field.name, record["Id"]):
                    if field.name in masters:
                        self._cascade(child, row, user_id)
                        self.remove(child.name, row["Id"])
                    else:
                        self.set_fields(child.name, row["Id"], {field.name: None})

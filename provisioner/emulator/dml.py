"""Changes of records as the data APIs make them: by type or by id, upsert, mixed DML refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.ids import is_id
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.store import Store

Values = Mapping[str, Any]


class Dml:
    """The changes of one user in one transaction; every refusal is a RecordError."""

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._first: ObjectType | None = None

    def insert(self, type_name: str, values: Values) -> str:
        """Insert a record; its id."""
        object_type = self._type(type_name)
        return self._store.insert(object_type.name, values, user_id=self._user_id)

    def update(self, type_name: str, values: Values) -> str:
        """Update the record that the Id among the values names; its id."""
        object_type = self._type(type_name)
        record_id = given(values, "Id")
        if not record_id:
            raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call")
        self._check_id(object_type, record_id)
        rest = {name: value for name, value in values.items() if name.lower() != "id"}
        self._store.update(object_type.name, record_id, rest, user_id=self._user_id)
        return self._stored_id(object_type, record_id)

    def upsert(self, type_name: str, key_name: str, values: Values) -> tuple[str, bool]:
        """Update the record with this key or insert one: its id, and whether it was created."""
        object_type = self._type(type_name)
        key = key_field(object_type, key_name)
        value = given(values, key.name)
        if key.name == "Id":
            if not value:
                return self.insert(type_name, _without(values, "Id")), True
            return self.update(type_name, values), False
        if value in (None, ""):
            raise RecordError("MISSING_ARGUMENT", f"{key.name} not specified", [])
        with self._store.lock:
            found = self._store.find_by(object_type.name, key.name, value)
            if len(found) > 1:
                raise RecordError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}")
            if not found:
                return self.insert(type_name, values), True
            record_id = str(found[0]["Id"])
            rest = _without(values, key.name)
            self._store.update(object_type.name, record_id, rest, user_id=self._user_id)
            return record_id, False

    def delete(self, record_id: Any) -> str:
        """Delete the record that an id names; its id."""
        object_type = self._store.type_of_id(record_id) if is_id(record_id) else None
        if object_type is None:
            raise RecordError("MALFORMED_ID", f"bad id {record_id}")
        self._guard(object_type)
        full_id = self._stored_id(object_type, record_id)
        self._store.delete(object_type.name, record_id, user_id=self._user_id)
        return full_id

    def _type(self, name: str) -> ObjectType:
        try:
            object_type = self._store.object_type(name)
        except ApiError as error:
            raise RecordError(error.code, error.message) from error
        self._guard(object_type)
        return object_type

    def _guard(self, object_type: ObjectType) -> None:
        """Setup objects and ordinary ones may not change in one transaction.

        Source: docs/reference/permission-sets.md#mixed-dml.
        """
        first = self._first = self._first or object_type
        if first.is_setup is not object_type.is_setup:
            raise RecordError(
                "MIXED_DML_OPERATION",
                "DML operation on setup object is not permitted after you have updated a "
                f"non-setup object (or vice versa): {object_type.name}, original object: "
                f"{first.name}",
            )

    def _check_id(self, object_type: ObjectType, record_id: Any) -> None:
        if not is_id(record_id) or not record_id.startswith(object_type.key_prefix):
            label = object_type.label or object_type.name
            text = f"{label} ID: id value of incorrect type: {record_id}"
            raise RecordError("MALFORMED_ID", text, ["Id"])

    def _stored_id(self, object_type: ObjectType, record_id: str) -> str:
        record = self._store.peek(object_type.name, record_id)
        return str(record["Id"]) if record else record_id


def key_field(object_type: ObjectType, name: str) -> Field:
    """The field by which an upsert finds records. Raises INVALID_FIELD for any other."""
    found = object_type.find_field(name)
    if found is None or not is_key(object_type, found):
        raise RecordError(
            "INVALID_FIELD",
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or "
            f"indexed field for {object_type.name}",
        )
    return found


def is_key(object_type: ObjectType, field: Field) -> bool:
    """Whether records may be found by a field (`idLookup` in its description)."""
    lookups = object_type.properties.get("id_lookup", ())
    return field.name == "Id" or field.is_external_id or field.name in lookups


def given(values: Values, name: str) -> Any:
    """The value that a client gave for a field; names are compared in any case."""
    wanted = name.lower()
    return next((value for key, value in values.items() if key.lower() == wanted), None)


def error_entry(error: RecordError) -> dict[str, Any]:
    """One entry of `errors` in a save result."""
    return {"statusCode": error.code, "message": error.message, "fields": error.fields}


def _without(values: Values, name: str) -> dict[str, Any]:
    wanted = name.lower()
    return {key: value for key, value in values.items() if key.lower() != wanted}

"""Validates values by the schema: names, access, types, required fields, relationships."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import RecordError
from provisioner.emulator.features.unknown_fields import (
    refuse_unknown_field,
    refuse_unknown_relationship,
)
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.values import convert, tooling_moment

if TYPE_CHECKING:
    from provisioner.emulator.objects.rows import Rows


def fields_of(
    store: Rows, object_type: ObjectType, values: Mapping[str, Any], *, is_insert: bool
) -> dict[str, Any]:
    """The client's values by exact field name, converted; `attributes` is left out.

    Raises RecordError for a field that does not exist, may not be written, or does not fit.
    """
    result: dict[str, Any] = {}
    read_only: list[str] = []
    for name, value in values.items():
        if name == "attributes" or (name.lower() == "id" and not is_insert):
            continue
        if isinstance(value, Mapping):
            reference = object_type.find_relationship(name)
            if reference is not None:
                result[reference.name] = resolve(store, reference, value)
                continue
        found = object_type.fields.get(name) or object_type.find_field(name)
        if found is None:
            refuse_unknown_field(object_type.name, name)
            if isinstance(value, Mapping):
                refuse_unknown_relationship(object_type.name, name)
            raise RecordError(
                "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}"
            )
        if found.name == "Id":
            raise RecordError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "cannot specify Id in an insert call",
                [found.name],
            )
        if not (found.is_createable if is_insert else found.is_updateable) or found.formula:
            read_only.append(found.name)
        else:
            result[found.name] = _converted(object_type, found, value)
    if read_only:
        names = ", ".join(read_only)
        raise RecordError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {names}. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            read_only,
        )
    return result


def _converted(object_type: ObjectType, field: Field, value: Any) -> Any:
    is_moment = object_type.is_tooling and field.type == "datetime"
    return convert(field, tooling_moment(value) if is_moment else value)


def require(
    object_type: ObjectType, record: Mapping[str, Any], *, only: Collection[str] | None = None
) -> None:
    """REQUIRED_FIELD_MISSING for required fields that are empty; on update of those given."""
    missing = [
        field.name
        for field in object_type.fields.values()
        if field.is_required
        and (only is None or field.name in only)
        and record.get(field.name) is None
        and field.type != "boolean"
    ]
    if missing:
        raise RecordError(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            missing,
        )


def check_references(store: Rows, object_type: ObjectType, values: Mapping[str, Any]) -> None:
    """Every id that is set must name an existing record of a type that the field points to."""
    for name, value in values.items():
        field = object_type.fields[name]
        if field.type != "reference" or value is None:
            continue
        target = store.type_of_id(value)
        if target is None or (field.reference_to and target.name not in field.reference_to):
            raise RecordError(
                "FIELD_INTEGRITY_EXCEPTION" if target else "MALFORMED_ID",
                f"{field.label or field.name}: id value of incorrect type: {value}",
                [name],
            )
        if store.get(target.name, value) is None:
            if store.is_deleted(target.name, value):
                raise RecordError("ENTITY_IS_DELETED", "entity is deleted")
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def refused(object_type: ObjectType, operation: str) -> RecordError:
    """The refusal of an operation that a type does not support."""
    if operation == "create":
        return RecordError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            f"entity type cannot be inserted: {object_type.label or object_type.name}",
        )
    return RecordError(
        "INSUFFICIENT_ACCESS_OR_READONLY", f"insufficient access rights on object: {operation}"
    )


def resolve(store: Rows, reference: Field, value: Mapping[str, Any]) -> str | None:
    """The id that `{"Account": {"Ext__c": "x"}}` means: a parent by Id, external id or name."""
    keys = {key: val for key, val in value.items() if key != "attributes"}
    attributes = value.get("attributes") or {}
    wanted = attributes.get("type") if isinstance(attributes, Mapping) else None
    target = wanted or (reference.reference_to[0] if reference.reference_to else "")
    if len(keys) != 1:
        raise RecordError(
            "INVALID_FIELD",
            f"More than 1 or no foreign key fields provided for {reference.relationship_name}",
        )
    name, key = next(iter(keys.items()))
    if name.lower() == "id":
        return str(convert(reference, key)) if key else None
    object_type = store.object_type(target)
    field = object_type.find_field(name)
    if field is None:
        raise RecordError(
            "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}"
        )
    matches = store.find_by(object_type.name, field.name, key)
    if not (field.is_external_id or field.name in object_type.properties.get("id_lookup", ())):
        raise RecordError(
            "INVALID_FIELD",
            f"Field name provided, {name} is not an External ID or indexed field for "
            f"{object_type.name}",
        )
    if len(matches) != 1:
        text = "not found" if not matches else "matches more than one record"
        raise RecordError(
            "INVALID_FIELD",
            f"Foreign key external ID: {str(key).lower()} {text} for field {field.name} "
            f"in entity {object_type.name}",
        )
    return str(matches[0]["Id"])

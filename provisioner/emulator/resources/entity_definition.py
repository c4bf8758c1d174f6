"""EntityDefinition and FieldDefinition: the schema of an org, as rows created per query.

Source: "EntityDefinition" and "FieldDefinition" in the Tooling API reference.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.ids import to_18
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.schema import NUMERIC, Field, ObjectType
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.soql.hooks import QueryView, on_query

ENTITY, FIELD = "EntityDefinition", "FieldDefinition"


@on_query(ENTITY)
def _entities(_org: EmulatedOrg, view: QueryView) -> None:
    store = view.store
    with store.lock:
        store.clear(ENTITY)
        for object_type in list(store.types.values()):
            store.add(ENTITY, _entity(object_type))


@on_query(FIELD)
def _fields(org: EmulatedOrg, view: QueryView) -> None:
    """Only by object, as on the platform."""
    view.require("EntityDefinitionId", "DurableId")
    store = view.store
    wanted = view.equal.get("EntityDefinitionId") or [
        str(one).partition(".")[0] for one in view.equal["DurableId"]
    ]
    with store.lock:
        _entities(org, view)
        store.clear(FIELD)
        for name in wanted:
            object_type = store.find_type(str(name))
            if object_type is None:
                raise ApiError(400, "INVALID_FIELD", f"no such entity: {name}")
            for field in object_type.fields.values():
                store.add(FIELD, _field(object_type, field))


def _entity(object_type: ObjectType) -> Record:
    name = object_type.name
    return {
        "Id": _key(name),
        "DurableId": name,
        "QualifiedApiName": name,
        "DeveloperName": _developer_name(name),
        "NamespacePrefix": _namespace(name),
        "Label": object_type.label or name,
        "MasterLabel": object_type.label or name,
        "PluralLabel": object_type.label_plural or object_type.label or name,
        "KeyPrefix": object_type.key_prefix or None,
        "IsCustomizable": object_type.is_custom or not object_type.is_setup,
        "IsQueryable": True,
        "IsEverCreatable": object_type.is_createable,
        "IsEverUpdatable": object_type.is_updateable,
        "IsEverDeletable": object_type.is_deletable,
        "IsTriggerable": not object_type.is_setup,
        "IsApexTriggerable": not object_type.is_setup,
        "IsLayoutable": not object_type.is_setup,
        "InternalSharingModel": object_type.properties.get("sharingModel", "ReadWrite"),
    }


def _field(object_type: ObjectType, field: Field) -> dict[str, Any]:
    durable = f"{object_type.name}.{field.name}"
    return {
        "Id": _key(durable),
        "DurableId": durable,
        "QualifiedApiName": field.name,
        "DeveloperName": _developer_name(field.name),
        "NamespacePrefix": _namespace(field.name),
        "EntityDefinitionId": object_type.name,
        "Label": field.label or field.name,
        "MasterLabel": field.label or field.name,
        "DataType": _data_type(field),
        "Length": 0 if field.type in NUMERIC else field.length,
        "Precision": field.precision if field.type in NUMERIC else 0,
        "Scale": field.scale,
        "IsNillable": not field.is_required,
        "IsIndexed": field.is_external_id or field.is_unique or field.type in ("id", "reference"),
        "IsCalculated": bool(field.formula),
        "IsNameField": field.name == "Name",
        "IsApiFilterable": field.is_filterable,
        "RelationshipName": field.relationship_name or None,
        "ValueTypeId": field.type,
    }


def _key(name: str) -> str:
    return to_18(name)  # rows are found by it, and a name may have 15 characters


def _data_type(field: Field) -> str:
    """As Setup shows it: `Text(80)`, `Number(18, 2)`, `Lookup(Account)`."""
    if field.type == "reference":
        return f"Lookup({','.join(field.reference_to)})"
    if field.type in ("string", "textarea"):
        return f"{'Text' if field.type == 'string' else 'Long Text Area'}({field.length})"
    if field.type in NUMERIC:
        kind = {"currency": "Currency", "percent": "Percent"}.get(field.type, "Number")
        return f"{kind}({field.precision - field.scale}, {field.scale})"
    known = {"boolean": "Checkbox", "datetime": "Date/Time", "url": "URL(255)"}
    return known.get(field.type, field.type.capitalize())


def _namespace(name: str) -> str | None:
    parts = name.split("__")
    return parts[0] if len(parts) == 3 else None


def _developer_name(name: str) -> str:
    parts = name.split("__")
    return parts[-2] if len(parts) > 1 else name

"""One object as describe shows it: a summary, or with its fields and relationships."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.emulator.describe.fields import describe_field
from provisioner.emulator.objects.catalogue import published_targets
from provisioner.emulator.objects.described import described
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.searchable import is_searchable
from provisioner.emulator.objects.store import Store

_ORDINARY = frozenset(
    {"layoutable", "mruEnabled", "replicateable", "retrieveable", "triggerable", "undeletable"}
)
"""What ordinary objects can do of which no describe is recorded."""
_MASTER_RECORD_TYPE = "012000000000000AAA"


def describe_briefly(object_type: ObjectType, base: str) -> dict[str, Any]:
    """The entry of an object in the list of all; `base` is `/services/data/v68.0/sobjects`."""
    address = f"{base}/{object_type.name}"
    known = _abilities(object_type)
    return {
        "activateable": "activateable" in known,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": object_type.is_createable,
        "custom": object_type.is_custom,
        "customSetting": bool(object_type.properties.get("customSettingsType")),
        "deepCloneable": "deepCloneable" in known,
        "deletable": object_type.is_deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": "feedEnabled" in known,
        "hasSubtypes": False,
        "isInterface": "isInterface" in known,
        "isSubtype": False,
        "keyPrefix": object_type.key_prefix or None,
        "label": object_type.label or object_type.name,
        "labelPlural": object_type.label_plural or object_type.label or object_type.name,
        "layoutable": "layoutable" in known,
        "mergeable": "mergeable" in known,
        "mruEnabled": "mruEnabled" in known,
        "name": object_type.name,
        "queryable": True,
        "replicateable": "replicateable" in known,
        "retrieveable": "retrieveable" in known,
        "searchable": is_searchable(object_type),
        "triggerable": "triggerable" in known,
        "undeletable": "undeletable" in known and object_type.is_deletable,
        "updateable": object_type.is_updateable,
        "urls": _urls(object_type, address),
    }


def describe_fully(
    store: Store, object_type: ObjectType, base: str, origin: str = ""
) -> dict[str, Any]:
    """The full description: fields, child relationships, record types; `origin` of its pages."""
    address = f"{base}/{object_type.name}"
    is_ordinary = not object_type.is_tooling and not object_type.is_setup
    found = describe_briefly(object_type, base) | {
        "actionOverrides": [],
        "childRelationships": _child_relationships(store, object_type),
        "compactLayoutable": is_ordinary,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [
            describe_field(
                object_type, replace(field, reference_to=_targets(store, object_type, field))
            )
            for field in object_type.fields.values()
        ],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(store, object_type, address) if is_ordinary else [],
        "searchLayoutable": is_ordinary,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(object_type),
    }
    if is_ordinary:
        found["urls"] |= {
            "uiDetailTemplate": f"{origin}/{{ID}}",
            "uiEditTemplate": f"{origin}/{{ID}}/e",
            "uiNewRecord": f"{origin}/{object_type.key_prefix}/e",
        }
    return dict(sorted(found.items()))


def _abilities(object_type: ObjectType) -> frozenset[str]:
    """What the platform can do with an object: as recorded, or as with similar ones."""
    known = described(object_type.name)
    if known is not None:
        return known.abilities
    is_ordinary = not object_type.is_tooling and not object_type.is_setup
    return _ORDINARY if is_ordinary else frozenset({"retrieveable"})


def _urls(object_type: ObjectType, address: str) -> dict[str, str]:
    """As NangoHQ/integration-templates recorded them."""
    found = {
        "rowTemplate": f"{address}/{{ID}}",
        "describe": f"{address}/describe",
        "sobject": address,
    }
    known = described(object_type.name)
    is_ordinary = not object_type.is_tooling and not object_type.is_setup
    addresses = {
        "approvalLayouts": f"{address}/describe/approvalLayouts",
        "compactLayouts": f"{address}/describe/compactLayouts",
        "layouts": f"{address}/describe/layouts",
        "listviews": f"{address}/listviews",
        "quickActions": f"{address}/quickActions",
    }
    names = known.urls if known else addresses if is_ordinary else ()
    found |= {name: addresses[name] for name in names}
    if object_type.name == "User":
        found |= {
            "namedLayouts": f"{address}/describe/namedLayouts/{{LayoutName}}",
            "passwordUtilities": f"{address}/{{ID}}/password",
        }
    return found


def _child_relationships(store: Store, object_type: ObjectType) -> list[dict[str, Any]]:
    known = described(object_type.name)
    deletions = known.children if known else {}
    return [
        {
            "cascadeDelete": field.name in child.properties.get("master_fields", ())
            or "cascade" in deletions.get(f"{child.name}.{field.name}", ()),
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.child_relationship_name or None,
            "restrictedDelete": "restricted" in deletions.get(f"{child.name}.{field.name}", ()),
        }
        for child in list(store.types.values())
        if child.is_tooling == object_type.is_tooling
        for field in child.fields.values()
        if object_type.name in _targets(store, child, field)
    ]


def _targets(store: Store, object_type: ObjectType, field: Field) -> tuple[str, ...]:
    """The objects that a lookup may refer to; of one to any object, those that the org has.

    Such a lookup (`Task.WhatId`, `Note.ParentId`) lists the objects that the references name, and
    custom objects.
    """
    if field.type != "reference" or field.reference_to:
        return field.reference_to
    published = published_targets(object_type.name).get(field.name, ())
    if not published:
        return ()
    custom = (
        one.name
        for one in store.types.values()
        if one.is_custom and one.name.endswith("__c")
        and not one.properties.get("customSettingsType")
    )  # fmt: skip
    return (*(name for name in published if name in store.types), *sorted(custom))


def _record_types(store: Store, object_type: ObjectType, address: str) -> list[dict[str, Any]]:
    """The record types in the org's RecordType rows, and the master record type."""
    rows = store.peek_rows("RecordType") if "RecordType" in store.types else []
    own = [row for row in rows if row.get("SobjectType") == object_type.name]
    infos = [
        (row["Id"], row.get("DeveloperName"), row.get("Name"), bool(row.get("IsActive", True)))
        for row in own
    ]
    return [
        {
            "active": active,
            "available": active,
            "defaultRecordTypeMapping": index == 0,
            "developerName": developer_name,
            "master": record_id == _MASTER_RECORD_TYPE,
            "name": name,
            "recordTypeId": record_id,
            "urls": {"layout": f"{address}/describe/layouts/{record_id}"},
        }
        for index, (record_id, developer_name, name, active) in enumerate(
            [*infos, (_MASTER_RECORD_TYPE, "Master", "Master", True)]
        )
    ]


def _scopes(object_type: ObjectType) -> list[dict[str, str]]:
    plural = (object_type.label_plural or object_type.name).lower()
    scopes = [{"label": f"All {plural}", "name": "everything"}]
    if "OwnerId" in object_type.fields:
        scopes.append({"label": f"My {plural}", "name": "mine"})
    return scopes

"""The ObjectPermissions and FieldPermissions records of a permission set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.emulator.metadata.kinds.registry import DeployContext
from provisioner.emulator.metadata.xml_tree import Element

_OBJECT = {
    "PermissionsCreate": "allowCreate",
    "PermissionsDelete": "allowDelete",
    "PermissionsEdit": "allowEdit",
    "PermissionsModifyAllRecords": "modifyAllRecords",
    "PermissionsRead": "allowRead",
    "PermissionsViewAllFields": "viewAllFields",
    "PermissionsViewAllRecords": "viewAllRecords",
}


def put_grants(context: DeployContext, permission_set_id: str, element: Element) -> None:
    """Replace the grants of a permission set with those of its file."""
    _replace(context, "ObjectPermissions", permission_set_id, _object_rows(element))
    _replace(context, "FieldPermissions", permission_set_id, _field_rows(element))


def _object_rows(element: Element) -> Iterator[dict[str, Any]]:
    for row in element.every("objectPermissions"):
        flags = {name: row.flag(flag) for name, flag in _OBJECT.items()}
        if any(flags.values()):
            yield {"SobjectType": row.value("object"), **flags}


def _field_rows(element: Element) -> Iterator[dict[str, Any]]:
    for row in element.every("fieldPermissions"):
        name = row.value("field")
        flags = {
            "PermissionsRead": row.flag("readable"),
            "PermissionsEdit": row.flag("editable"),
        }
        if any(flags.values()):
            yield {"SobjectType": name.partition(".")[0], "Field": name, **flags}


def _replace(
    context: DeployContext, type_name: str, parent_id: str, rows: Iterator[dict[str, Any]]
) -> None:
    known = context.store.find_type(type_name)
    if known is None or not parent_id:
        return
    for row in context.store.find_by(type_name, "ParentId", parent_id):
        context.store.remove(type_name, row["Id"])
    for values in rows:
        row = {name: value for name, value in values.items() if name in known.fields}
        context.store.add(type_name, {**row, "ParentId": parent_id}, user_id=context.user_id)

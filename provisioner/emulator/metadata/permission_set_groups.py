"""Permission set groups are recalculated in the background: Outdated → Updating → Updated.

Source: docs/reference/permission-sets.md#groups.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.objects.rules import on_read

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg

STATES = ("Outdated", "Updating", "Updated")
FAILED = "Failed"  # the status after a fault of the operation `permission_set_group`


def recalculate(org: EmulatedOrg, group: StoredComponent) -> None:
    """Start the recalculation of a group."""
    progression = org.world.progression("permission_set_group", STATES, of=org.username)
    state.keep(
        org, replace(group, progression=progression)
    )  # a copy, so that a rollback restores the old one
    if org.store.peek("PermissionSetGroup", group.id) is not None:
        org.store.set_fields("PermissionSetGroup", group.id, {"Status": STATES[0]})


def recalculate_groups_of(org: EmulatedOrg, permission_set: str) -> None:
    """Recalculate the groups that contain a changed permission set."""
    for (kind, _), stored in list(org.components.items()):
        if kind == "PermissionSetGroup" and stored.element is not None:
            members = {one.text.lower() for one in stored.element.every("permissionSets")}
            if permission_set.lower() in members:
                recalculate(org, stored)


def add_group(org: EmulatedOrg, record: Record, user_id: str) -> None:
    """Add the component and the backing permission set of a group, and recalculate it."""
    name, now = str(record["DeveloperName"]), state.now(org)
    put_backing_set(org, record["Id"], name, record.get("MasterLabel") or name)
    group = StoredComponent(
        type="PermissionSetGroup",
        full_name=name,
        file_name=f"permissionsetgroups/{name}.permissionsetgroup",
        id=record["Id"],
        created=now,
        created_by=user_id,
        modified=now,
        modified_by=user_id,
    )
    recalculate(org, group)


def put_backing_set(org: EmulatedOrg, group_id: str, name: str, label: str) -> None:
    """Add or update the permission set of type Group with the name of a group.

    Source: docs/reference/permission-sets.md#groups.
    """
    known = org.store.find_by("PermissionSet", "PermissionSetGroupId", group_id)
    values = {"Name": name, "Label": label, "Type": "Group", "PermissionSetGroupId": group_id}
    if known:
        org.store.set_fields("PermissionSet", known[0]["Id"], values)
    else:
        org.store.add("PermissionSet", {**values, "IsOwnedByProfile": False, "IsCustom": True})


@on_read("PermissionSetGroup")
def _poll(org: EmulatedOrg, record: Record) -> None:
    stored = state.find(org, "PermissionSetGroup", record.get("DeveloperName") or "")
    if stored is None or stored.progression is None:
        return
    status = stored.progression.poll()
    if status == STATES[-1] and record.get("Status") not in (STATES[-1], FAILED):
        faults, name = org.world.faults, str(record["DeveloperName"])
        fault = faults.operation("permission_set_group", org=org.label, subject=name)
        status = FAILED if fault else status
    elif record.get("Status") == FAILED:
        return
    if status != record.get("Status"):
        org.store.set_fields("PermissionSetGroup", record["Id"], {"Status": status})

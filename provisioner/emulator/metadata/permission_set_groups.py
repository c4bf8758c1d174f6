"""Permission set groups recalculate by themselves: Outdated → Updating → Updated.

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
FAILED = "Failed"  # what a fault of the operation `permission_set_group` ends in


def recalculate(org: EmulatedOrg, group: StoredComponent) -> None:
    """The group begins to recalculate."""
    progression = org.world.progression("permission_set_group", STATES)
    state.keep(org, replace(group, progression=progression))  # a copy: a rollback keeps the old
    if org.store.peek("PermissionSetGroup", group.id) is not None:
        org.store.set_fields("PermissionSetGroup", group.id, {"Status": STATES[0]})


def recalculate_groups_of(org: EmulatedOrg, permission_set: str) -> None:
    """A permission set has changed: the groups that it is in recalculate."""
    for (kind, _), stored in list(org.components.items()):
        if kind == "PermissionSetGroup" and stored.element is not None:
            members = {one.text.lower() for one in stored.element.every("permissionSets")}
            if permission_set.lower() in members:
                recalculate(org, stored)


def begin_group(org: EmulatedOrg, record: Record, user_id: str) -> None:
    """Give a group its backing permission set, and let it recalculate."""
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
    """The permission set of type Group that bears a group's name.

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
    status = stored.progression.look()
    if status == STATES[-1] and record.get("Status") not in (STATES[-1], FAILED):
        faults, name = org.world.faults, str(record["DeveloperName"])
        fault = faults.operation("permission_set_group", org=org.label, subject=name)
        status = FAILED if fault else status
    elif record.get("Status") == FAILED:
        return
    if status != record.get("Status"):
        org.store.set_fields("PermissionSetGroup", record["Id"], {"Status": status})

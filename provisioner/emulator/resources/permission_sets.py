"""Assigning permission sets, groups and licences: what the platform refuses.

Source: docs/reference/permission-sets.md#assignments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.emulator import seeding
from provisioner.emulator.errors import RecordError
from provisioner.emulator.ids import to_15, to_18
from provisioner.emulator.metadata.permission_set_groups import add_group
from provisioner.emulator.objects.rules import Change, on_insert, rule
from provisioner.emulator.org import EmulatedOrg

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.objects.rows import Rows

ASSIGNMENT = "PermissionSetAssignment"
LICENSE_ASSIGNMENT = "PermissionSetLicenseAssign"
NOT_UPDATED = 'You can only assign users to permission set groups that have the "Updated" status.'


@rule(ASSIGNMENT, "before insert")
def _check_assignment(_org: EmulatedOrg, change: Change) -> None:
    """Either a permission set or a group; each once per user; groups only when Updated."""
    record, store = change.record, change.store
    group_id, set_id = record.get("PermissionSetGroupId"), record.get("PermissionSetId")
    if not group_id and not set_id:
        fields = ["PermissionSetId"]
        text = "Required fields are missing: [PermissionSetId]"
        raise RecordError("REQUIRED_FIELD_MISSING", text, fields)
    if group_id:
        record["PermissionSetId"] = set_id = _backing_set(store, group_id) or set_id
    permission_set = store.peek("PermissionSet", set_id) if set_id else None
    if permission_set is None:
        return  # the check of references says what is wrong with the id
    if permission_set.get("IsOwnedByProfile"):
        text = "You can't assign a permission set that is owned by a profile."
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["PermissionSetId"])
    owner = permission_set.get("PermissionSetGroupId")
    if owner:
        record["PermissionSetGroupId"] = group_id = owner
    if group_id:
        _require_updated(store, group_id)
    _refuse_twins(store, record.get("AssigneeId"), set_id)
    _refuse_without_license(store, record.get("AssigneeId"), permission_set)


def _refuse_without_license(store: Rows, user_id: str | None, permission_set: Record) -> None:
    """An integration user gets object permissions only with the permission set licence for them.

    Source: docs/reference/dev-hub.md#users-with-least-rights.
    """
    user = store.peek("User", user_id or "")
    grants = store.find_by("ObjectPermissions", "ParentId", permission_set["Id"])
    if user is None or not grants or _license_of(store, user) != seeding.INTEGRATION_LICENSE:
        return
    for row in store.find_by(LICENSE_ASSIGNMENT, "AssigneeId", user["Id"]):
        found = store.peek("PermissionSetLicense", row["PermissionSetLicenseId"]) or {}
        if found.get("DeveloperName") == seeding.INTEGRATION_PSL:
            return
    text = (
        f'Can\'t assign permission set "{permission_set["Label"]}" to user "{user["Name"]}". '
        f"The user license doesn't allow the permission: Read {grants[0]['SobjectType']}"
    )
    raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["PermissionSetId"])


def _license_of(store: Rows, user: Record) -> str:
    profile = store.peek("Profile", user["ProfileId"] or "") or {}
    found = store.peek("UserLicense", profile.get("UserLicenseId") or "") or {}
    return str(found.get("Name", ""))


def _backing_set(store: Rows, group_id: str) -> str | None:
    found = store.find_by("PermissionSet", "PermissionSetGroupId", to_18(group_id))
    return str(found[0]["Id"]) if found else None


def _require_updated(store: Rows, group_id: str) -> None:
    group = store.get("PermissionSetGroup", group_id)
    if group is not None and group.get("Status") != "Updated":
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", NOT_UPDATED, ["PermissionSetGroupId"])


def _refuse_twins(store: Rows, assignee_id: str | None, set_id: Any) -> None:
    """As recorded by amp-labs/connectors; docs/reference/permission-sets.md#assignments."""
    if not assignee_id:
        return
    for row in store.find_by(ASSIGNMENT, "AssigneeId", to_18(assignee_id)):
        if to_15(row["PermissionSetId"] or "") == to_15(str(set_id)):
            text = (
                f"Duplicate PermissionSetAssignment.  Assignee: {to_15(assignee_id)}; "
                f"Permission Set: {to_15(str(set_id))}"
            )
            raise RecordError("DUPLICATE_VALUE", text, ["AssigneeId", "PermissionSetId"])


@rule(LICENSE_ASSIGNMENT, "before insert")
def _check_license(_org: EmulatedOrg, change: Change) -> None:
    """A licence is assigned once per user, as long as there are free ones."""
    record, store = change.record, change.store
    user_id, license_id = record.get("AssigneeId"), record.get("PermissionSetLicenseId")
    if not user_id or not license_id:
        return
    for row in store.find_by(LICENSE_ASSIGNMENT, "AssigneeId", to_18(user_id)):
        if to_15(row["PermissionSetLicenseId"]) == to_15(license_id):
            text = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
            raise RecordError("DUPLICATE_VALUE", text, [])
    found = store.peek("PermissionSetLicense", license_id)
    if found is None:
        return
    _refuse_user_license(store, user_id, found)
    if found.get("TotalLicenses") is None:
        return
    used = store.find_by(LICENSE_ASSIGNMENT, "PermissionSetLicenseId", found["Id"])
    if len(used) >= found["TotalLicenses"]:
        text = f"license limit exceeded: no {found['MasterLabel']} licenses are left"
        raise RecordError("LICENSE_LIMIT_EXCEEDED", text, [])


def _refuse_user_license(store: Rows, user_id: str, license_row: Record) -> None:
    """Some user licences support no permission set licence, or not each.

    Source: docs/reference/permission-sets.md#assignments.
    """
    user = store.peek("User", user_id)
    profile = store.peek("Profile", user["ProfileId"] or "") if user else None
    user_license = store.peek("UserLicense", profile["UserLicenseId"] or "") if profile else None
    if user is None or user_license is None:
        return
    key, name = user_license["LicenseDefinitionKey"], license_row["DeveloperName"]
    if key == "CSN" or (key == "AUL" and name == "SalesConsoleUser"):
        text = (
            f"{user['Name']} can't be assigned the {license_row['MasterLabel']} permission set "
            f"license, because {user['Name']}'s user license doesn't support it."
        )
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", text, ["PermissionSetLicenseId"])


@on_insert("PermissionSetGroup")
def _add_group(org: EmulatedOrg, change: Change) -> None:
    """A group inserted through the API also gets a backing permission set, and is calculated."""
    add_group(org, change.record, change.user_id)

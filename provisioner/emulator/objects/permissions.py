"""The rights of users in a Dev Hub: object permissions, field-level security, sharing.

The rules are those of the platform (docs/reference/dev-hub.md#rights):

* An object does not exist for a user without the permission Read.
* A custom field exists only for users with a permission set that grants access to it. This includes
  the System Administrator, because a deploy of metadata grants no access.
* Access to records of other owners follows the object's sharing model.
* Profiles of least access give nothing, and what permission sets grant is all there is.

Scratch orgs have no such limits: their only user is the administrator, who also deploys the
metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.objects import validation
from provisioner.emulator.objects.schema import Field, ObjectType

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.objects.rows import Rows

Action = Literal["Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords"]

_FLAGS = {"create": "is_createable", "update": "is_updateable", "delete": "is_deletable"}
ADMINISTRATOR = "System Administrator"  # has Modify All Data, which overrides object permissions
_HUB_OBJECTS = frozenset({"ActiveScratchOrg", "NamespaceRegistry", "OrgSnapshot", "ScratchOrgInfo"})
_SIGN_UPS = frozenset({"ActiveScratchOrg", "ScratchOrgInfo"})
_NOTHING = frozenset[str]()
_ALL = frozenset({"Read", "Create", "Edit", "Delete"})
API_ONLY = "Minimum Access - API Only Integrations"
_OF_PROFILES = {
    API_ONLY: _NOTHING,
    "Minimum Access - Salesforce": _NOTHING,
    "Chatter Free User": _NOTHING,
    "Read Only": frozenset({"Read"}),
}
"""What profiles allow on ordinary standard objects; all others allow `_ALL`."""


@dataclass(frozen=True)
class User:
    """A user of a Dev Hub, with their permission sets."""

    store: Rows
    id: str
    profile: str
    permission_sets: frozenset[str]  # ids

    @property
    def is_administrator(self) -> bool:
        """Whether object permissions and sharing do not apply (field-level security does)."""
        return self.profile == ADMINISTRATOR

    def may(self, action: Action, object_type: ObjectType) -> bool:
        """Whether some permission allows the action on the object."""
        if self.is_administrator:
            return True
        if object_type.is_setup or object_type.is_tooling:
            return action == "Read"
        is_ordinary = not object_type.is_custom and object_type.name not in _HUB_OBJECTS
        if is_ordinary and action in _OF_PROFILES.get(self.profile, _ALL):
            return True
        grants = self._grants("ObjectPermissions", object_type)
        return any(row[f"Permissions{action}"] for row in grants)

    def view(self, object_type: ObjectType) -> ObjectType:
        """The object as the user sees it: without hidden fields, read-only where it is."""
        changes: dict[str, Any] = {
            "is_createable": object_type.is_createable and self.may("Create", object_type),
            "is_updateable": object_type.is_updateable and self.may("Edit", object_type),
            "is_deletable": object_type.is_deletable and self.may("Delete", object_type),
        }
        secured = [field for field in object_type.fields.values() if _is_secured(field)]
        if secured:
            changes["fields"] = self._visible(object_type)
        elif all(getattr(object_type, name) is value for name, value in changes.items()):
            return object_type
        return replace(object_type, **changes)

    def sees(self, object_type: ObjectType, record: Record) -> bool:
        """Whether the record is shared with the user."""
        return self._is_shared(object_type, record, "Read", "ReadWrite") or self.may(
            "ViewAllRecords", object_type
        )

    def may_edit(self, object_type: ObjectType, record: Record) -> bool:
        """Whether sharing lets the user change the record."""
        return self._is_shared(object_type, record, "ReadWrite")

    def may_delete(self, object_type: ObjectType, record: Record) -> bool:
        """Whether the user may delete the record: its owner, or a user who may modify all."""
        if self._deletes_orgs(object_type, "none") and not self.is_administrator:
            return False
        return self._is_shared(object_type, record)

    def _is_shared(self, object_type: ObjectType, record: Record, *models: str) -> bool:
        if self.is_administrator or "OwnerId" not in record or record["OwnerId"] == self.id:
            return True
        if self._deletes_orgs(object_type, "all"):
            return True
        default = "Private" if object_type.name in _HUB_OBJECTS else "ReadWrite"
        model = object_type.properties.get("sharingModel", default)
        return model in models or self.may("ModifyAllRecords", object_type)

    def _deletes_orgs(self, object_type: ObjectType, which: str) -> bool:
        """Whether it is an object of sign-ups, and the switch `can_delete_orgs` has this value."""
        is_sign_up = object_type.name in _SIGN_UPS
        return is_sign_up and self.store.org.behavior.can_delete_orgs == which

    def _visible(self, object_type: ObjectType) -> dict[str, Field]:
        prefix = len(object_type.name) + 1
        rows = list(self._grants("FieldPermissions", object_type))
        readable = {row["Field"][prefix:].lower() for row in rows if row["PermissionsRead"]}
        editable = {row["Field"][prefix:].lower() for row in rows if row["PermissionsEdit"]}
        fields = {}
        for name, field in object_type.fields.items():
            if not _is_secured(field) or name.lower() in editable:
                fields[name] = field
            elif name.lower() in readable:
                fields[name] = replace(field, is_createable=False, is_updateable=False)
        return fields

    def _grants(self, type_name: str, object_type: ObjectType) -> Iterator[Record]:
        for permission_set in self.permission_sets:
            for row in self.store.find_by(type_name, "ParentId", permission_set):
                if row["SobjectType"].lower() == object_type.name.lower():
                    yield row


def limited_user(store: Rows, user_id: str) -> User | None:
    """The user, when permissions apply to them; None for scratch orgs and the platform itself."""
    if not (store.org.is_hub and user_id):
        return None
    user = store.peek("User", user_id) or {}
    profile = store.peek("Profile", user.get("ProfileId") or "") or {}
    return User(store, user_id, profile.get("Name") or "", permission_sets_of(store, user_id))


def require(
    store: Rows,
    object_type: ObjectType,
    record: Record | None,
    user_id: str,
    operation: Literal["create", "update", "delete"],
) -> ObjectType:
    """The object as the user sees it; RecordError when they may not do this (to `record`)."""
    user = limited_user(store, user_id)
    found = object_type if user is None else user.view(object_type)
    if not getattr(found, _FLAGS[operation]):
        raise validation.refused(object_type, operation)
    if user is None or record is None:
        return found
    if not user.sees(object_type, record):
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    may = user.may_edit if operation == "update" else user.may_delete
    if not may(object_type, record):
        raise RecordError(
            "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"
        )
    return found


NO_METADATA = (
    "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
)


def is_administrator(store: Rows, user_id: str) -> bool:
    """Whether permissions do not limit the user."""
    user = limited_user(store, user_id)
    return user is None or user.is_administrator


def require_administrator(store: Rows, user_id: str) -> None:
    """Raises INSUFFICIENT_ACCESS for a user who may not change metadata."""
    if not is_administrator(store, user_id):
        raise ApiError(403, "INSUFFICIENT_ACCESS", NO_METADATA)


def view(store: Rows, object_type: ObjectType, user_id: str) -> ObjectType:
    """The object as a user sees it."""
    user = limited_user(store, user_id)
    return object_type if user is None else user.view(object_type)


def may_read(store: Rows, object_type: ObjectType, user_id: str) -> bool:
    """Whether the object exists for a user."""
    user = limited_user(store, user_id)
    return user is None or user.may("Read", object_type)


def seen(store: Rows, object_type: ObjectType, rows: list[Record], user_id: str) -> list[Record]:
    """The records that a user may see."""
    user = limited_user(store, user_id)
    if user is None or user.is_administrator:
        return rows
    return [row for row in rows if user.sees(object_type, row)]


def _is_secured(field: Field) -> bool:
    """Whether field-level security applies: never to required fields."""
    return field.name.endswith("__c") and not field.is_required


def permission_sets_of(store: Rows, user_id: str) -> frozenset[str]:
    """The permission sets of a user: assigned, members of groups assigned, the profile's own."""
    user = store.peek("User", user_id) or {}
    assigned = store.find_by("PermissionSetAssignment", "AssigneeId", user_id)
    found = {row["PermissionSetId"] for row in assigned if row["PermissionSetId"]}
    for row in assigned:
        if group := row["PermissionSetGroupId"]:
            members = store.find_by("PermissionSetGroupComponent", "PermissionSetGroupId", group)
            found |= {member["PermissionSetId"] for member in members}
    of_profile = store.find_by("PermissionSet", "ProfileId", user.get("ProfileId") or "-")
    return frozenset(found | {row["Id"] for row in of_profile})

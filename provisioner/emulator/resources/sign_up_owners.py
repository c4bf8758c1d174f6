"""Another owner for a scratch org: a user who is active and may read its records.

A change of ScratchOrgInfo does not change ActiveScratchOrg; whether Salesforce does is unknown.

Source: docs/reference/dev-hub.md#owners.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects import permissions
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg


@rule("ScratchOrgInfo", "before update")
@rule("ActiveScratchOrg", "before update")
def _check_owner(org: EmulatedOrg, change: Change) -> None:
    owner = change.record["OwnerId"]
    if change.old is None or owner == change.old["OwnerId"]:
        return
    user = org.store.peek("User", owner or "")
    if user is not None and not user["IsActive"]:
        text = "operation performed with inactive user"
        raise RecordError("INACTIVE_OWNER_OR_USER", text, ["OwnerId"])
    if not permissions.may_read(org.store, change.type, owner or ""):
        text = "The new owner must have read permission"
        raise RecordError("TRANSFER_REQUIRES_READ", text, ["OwnerId"])

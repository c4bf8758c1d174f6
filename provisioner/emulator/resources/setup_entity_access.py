"""SetupEntityAccess: what permission sets give access to, External Client Apps among it.

Source: "SetupEntityAccess" in the Object Reference;
docs/reference/external-client-apps.md#pre-authorization.
"""

from __future__ import annotations

from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.rules import Change, rule
from provisioner.emulator.org import EmulatedOrg

ACCESS = "SetupEntityAccess"
_NAMES = {"CustomApplication": "TabSet"}


@rule(ACCESS, "before insert")
def _derive_type(_org: EmulatedOrg, change: Change) -> None:
    """The type is that of the entity; each pair exists once.

    The text for a second row is not known; it is that of other duplicates without a field.
    """
    record, store = change.record, change.store
    entity_id, parent_id = record["SetupEntityId"], record["ParentId"]
    found = store.type_of_id(entity_id) if entity_id else None
    if found is not None:
        record["SetupEntityType"] = _NAMES.get(found.name, found.name)
    for row in store.find_by(ACCESS, "ParentId", parent_id) if parent_id else ():
        if row["SetupEntityId"] == entity_id:
            text = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
            raise RecordError("DUPLICATE_VALUE", text, [])

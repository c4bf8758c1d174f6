"""OrgSnapshot: a copy of a scratch org of this hub, as a template for others.

Source: docs/reference/sign-up.md#snapshots.
"""

from __future__ import annotations

from datetime import timedelta

from provisioner.emulator import snapshots
from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, on_insert, on_read, rule
from provisioner.emulator.org import EmulatedOrg

NAME = "OrgSnapshot"
_LIFE = timedelta(days=365)  # a sample shows one year (docs/reference/sign-up.md#snapshots)


@rule(NAME, "before insert")
def _check(_org: EmulatedOrg, change: Change) -> None:
    name = change.record["SnapshotName"] or ""
    if not name.isalnum():
        text = "Snapshot Name: must be alphanumeric and at most 15 characters long"
        raise RecordError("INVALID_INPUT", text, ["SnapshotName"])


@on_insert(NAME)
def _start(org: EmulatedOrg, change: Change) -> None:
    source = org.world.org(change.record["SourceOrg"])
    is_ours = source is not None and not source.is_hub and not source.is_over()
    states = ("New", "In Progress", "Active" if is_ours else "Error")
    org.signups[change.record["Id"]] = org.world.progression("snapshot", states)


@on_read(NAME)
def _advance(hub: EmulatedOrg, record: Record) -> None:
    pending = hub.signups.get(record["Id"])
    if pending is None:
        return
    status = pending.poll()
    changes: Record = {"Status": status}
    if status == "Active":
        source = hub.world.org(record["SourceOrg"])
        assert source is not None
        hub.snapshots[record["Id"]] = snapshots.take(source)
        changes["ExpirationDate"] = (hub.world.now() + _LIFE).date().isoformat()
    if status == "Error":
        changes["Error"] = "The source org is not an active scratch org of this Dev Hub."
    if status != record["Status"]:
        hub.store.set_fields(NAME, record["Id"], changes)
    if pending.is_over:
        del hub.signups[record["Id"]]

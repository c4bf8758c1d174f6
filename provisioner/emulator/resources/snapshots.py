"""OrgSnapshot: a copy of a scratch org of this hub, as a template for others.

Source: docs/reference/sign-up.md#snapshots.
"""

from __future__ import annotations

from datetime import date, timedelta

from provisioner.emulator import snapshots
from provisioner.emulator.errors import RecordError
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, on_delete, on_insert, on_read, rule
from provisioner.emulator.objects.values import parse_datetime
from provisioner.emulator.org import EmulatedOrg

NAME = "OrgSnapshot"
LIFE = timedelta(days=90)
USES_A_SLOT = ("New", "In Progress", "Active")


@rule(NAME, "before insert")
def _check(hub: EmulatedOrg, change: Change) -> None:
    """Refuse an invalid name, and a snapshot beyond the allowances.

    The code and text of a refusal for want of an allowance are not known; they follow those of a
    sign-up.
    """
    name = change.record["SnapshotName"] or ""
    if not (name.isascii() and name.isalnum()):
        text = "Snapshot Name: must be alphanumeric and at most 15 characters long"
        raise RecordError("INVALID_INPUT", text, ["SnapshotName"])
    active, daily = hub.world.limits.snapshots
    text = "The snapshot request failed because this organization has reached its "
    if daily_count(hub) >= daily:
        raise RecordError("LIMIT_EXCEEDED", f"{text}daily org snapshot limit")
    if active_count(hub) >= active:
        raise RecordError("LIMIT_EXCEEDED", f"{text}active org snapshot limit")


@on_insert(NAME)
def _start(hub: EmulatedOrg, change: Change) -> None:
    failed = _injected(hub, change.record) or snapshots.source_error(_source(hub, change.record))
    states = ("New", "In Progress", "Error" if failed else "Active")
    hub.signups[change.record["Id"]] = hub.world.progression("snapshot", states)


@on_delete(NAME)
def _forget(hub: EmulatedOrg, change: Change) -> None:
    hub.signups.pop(change.record["Id"], None)
    hub.snapshots.pop(change.record["Id"], None)


@on_read(NAME)
def _advance(hub: EmulatedOrg, record: Record) -> None:
    pending = hub.signups.get(record["Id"])
    if pending is None:
        _expire(hub, record)
        return
    status = pending.poll()
    source = _source(hub, record)
    error = snapshots.source_error(source) if status in ("Active", "Error") else ""
    if error:  # also when the source has ended meanwhile: what becomes of it then is not known
        status = "Error"
    changes: Record = {"Status": status}
    if status == "Active" and source is not None:
        hub.snapshots[record["Id"]] = snapshots.take(source)
        changes["ExpirationDate"] = (hub.world.now() + LIFE).date().isoformat()
    if status == "Error":
        changes["Error"] = error or "The snapshot could not be created."
    if status != record["Status"]:
        hub.store.set_fields(NAME, record["Id"], changes)
    if pending.is_over or status == "Error":
        del hub.signups[record["Id"]]


def active_count(hub: EmulatedOrg) -> int:
    """The snapshots that use a slot: those in progress, and active ones."""
    rows = hub.store.peek_rows(NAME)
    return sum(row["Status"] in USES_A_SLOT and not _has_expired(hub, row) for row in rows)


def daily_count(hub: EmulatedOrg) -> int:
    """The snapshots of the last 24 hours, deleted ones included."""
    since = hub.world.now() - timedelta(hours=24)
    rows = hub.store.peek_rows(NAME) + hub.store.deleted_rows(NAME)
    return sum(parse_datetime(row["CreatedDate"]) > since for row in rows)


def _source(hub: EmulatedOrg, record: Record) -> EmulatedOrg | None:
    return hub.world.org(record["SourceOrg"])


def _injected(hub: EmulatedOrg, record: Record) -> bool:
    """Whether a fault makes the snapshot fail."""
    name = record["SnapshotName"]
    return hub.world.faults.operation("snapshot", org="hub", subject=name) is not None


def _expire(hub: EmulatedOrg, record: Record) -> None:
    if record["Status"] == "Active" and _has_expired(hub, record):
        hub.store.set_fields(NAME, record["Id"], {"Status": "Expired"})
        hub.snapshots.pop(record["Id"], None)


def _has_expired(hub: EmulatedOrg, record: Record) -> bool:
    expires = record["ExpirationDate"]
    return bool(expires) and date.fromisoformat(expires) <= hub.world.now().date()

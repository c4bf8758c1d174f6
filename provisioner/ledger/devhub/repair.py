"""Rows on the Dev Hub that cannot be read or changed, and how a build repairs them.

A change from version 7 to 8 inserts the event `USERNAME:8`. If that event already exists while the
row is at 7 (its row was deleted by hand and restored, or its version was edited), every change of
the row is refused. After a refusal the row is read again: if it has not changed since, the refusal
was not caused by another, faster change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.ledger.base import Event, Org, State
from provisioner.ledger.broken import BrokenRow, BrokenRowError, BrokenRows
from provisioner.ledger.devhub import records
from provisioner.ledger.devhub.answers import Record
from provisioner.ledger.devhub.records import EVENT, ORG
from provisioner.ledger.devhub.session import HubSession
from provisioner.ledger.devhub.writes import Outcome, change_of, key_of

if TYPE_CHECKING:
    from provisioner.ledger.devhub.writes import Writer

_ASKED_FOR = 100  # names in one query, whose URL may not exceed 16 KB


def readable_rows(found: Iterable[Record], broken: BrokenRows) -> Iterator[tuple[Record, Org]]:
    """Each record with its row; one that cannot be read is recorded in `broken` and omitted."""
    for record in found:
        try:
            yield record, records.org_of(record)
        except BrokenRowError as error:
            broken.note(records.broken_row(record, error.why))


def blocked(session: HubSession, rows: Sequence[Org]) -> list[tuple[Record, Org]]:
    """Those of `rows`, just read, whose next change already has an event. Raises LedgerError."""
    suspects = {key_of(replace(row, version=row.version + 1)): row for row in rows}
    soql = f"SELECT Key__c FROM {EVENT} WHERE Key__c IN "  # noqa: S608
    taken = [str(record["Key__c"]).lower() for record in _queried(session, soql, suspects)]
    return unmoved(session, [suspects[key] for key in taken if key in suspects])


def unmoved(session: HubSession, rows: Sequence[Org]) -> list[tuple[Record, Org]]:
    """Those of `rows`, a change of which was refused, that have not changed since."""
    seen = {row.username.lower(): row for row in rows}
    now = readable_rows(named(session, seen), BrokenRows())
    return [(record, row) for record, row in now if row == seen.get(row.username.lower())]


def named(session: HubSession, usernames: Iterable[str]) -> Iterator[Record]:
    """The records of these usernames, in any state; a request for 100 of them."""
    soql = f"SELECT {records.ORG_FIELDS} FROM {ORG} WHERE Username__c IN "  # noqa: S608
    return _queried(session, soql, usernames)


def note_blocked(found: Iterable[tuple[Record, Org]], broken: BrokenRows) -> None:
    """Record them as rows that cannot be changed."""
    for record, row in found:
        why = (
            f"its change to version {row.version + 1} is refused, because an event of that "
            "version already exists"
        )
        broken.note(records.broken_row(record, why))


def repair(
    session: HubSession, writer: Writer, broken: BrokenRows, rows: Sequence[Org], now: datetime
) -> list[BrokenRow]:
    """Repair the rows in `broken`, and those of `rows` that cannot be changed. Only for a build.

    A row that cannot be changed gets the next version without an event.
    """
    note_blocked(blocked(session, rows), broken)
    noted = {row.location: row for row in broken.all()}
    if not noted:
        return []
    repaired = []
    for record in session.query(records.orgs_query(State), read=records.org_of):
        row = noted.get(records.location(record))
        if row is not None and _repair(session, writer, record, row.why, now):
            broken.forget(row)
            repaired.append(row)
    return repaired


def _repair(session: HubSession, writer: Writer, record: Record, why: str, now: datetime) -> bool:
    """Repair one row; False when it could not be repaired."""
    try:
        org, was_read = records.org_of(record), True
    except BrokenRowError:
        repaired = records.repaired_org(record, why)
        if repaired is None:
            return False
        org, was_read = repaired, False
    org = replace(org, version=max(org.version, _highest(session, org.username)) + 1)
    event = Event(now, org.username, "", "", org.state.value, org.error)
    outcome = writer.repair(str(record["Id"]), org, change_of(event) if was_read else event)
    return outcome is Outcome.DONE


def _highest(session: HubSession, username: str) -> int:
    """The highest version of a row that has an event."""
    soql = f"SELECT Key__c FROM {EVENT} WHERE Username__c = {records.literal(username)}"  # noqa: S608
    keys = [str(record["Key__c"]).rpartition(":") for record in session.query(soql)]
    versions = [int(end) for name, _, end in keys if name == username.lower() and end.isdigit()]
    return max(versions, default=0)


def _queried(session: HubSession, soql: str, names: Iterable[str]) -> Iterator[Record]:
    """The records of the query `soql` for all of `names`; it ends with IN."""
    left = list(names)
    for start in range(0, len(left), _ASKED_FOR):
        listed = ", ".join(map(records.literal, left[start : start + _ASKED_FOR]))
        yield from session.query(f"{soql}({listed})")

"""How a row of an SQL ledger becomes an Org, an Event or a Run, and back.

Times are UTC ISO 8601 text of one fixed width, so that text order is time order on every
database; lists and mappings are JSON text; flags are 0 and 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from provisioner.ledger.base import Claim, Event, Org, Run, State, Waiter

ORG_COLUMNS = tuple(column.name for column in fields(Org))

_TIMES = frozenset({"created_at", "available_at", "proven_at", "expires_at", "lease_until"})


def utc_now() -> datetime:
    """This moment by the clock of this machine."""
    return datetime.now(UTC)


def time_text(at: datetime | None) -> str | None:
    """`2026-11-24T02:00:00.000000+00:00`. Raises ValueError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone cannot go into the ledger: {at}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def time_from(text: str | None) -> datetime | None:
    """The time that `time_text` wrote."""
    return datetime.fromisoformat(text) if text else None


def org_parameters(org: Org) -> dict[str, Any]:
    """One parameter per column of the table `org`."""
    row: dict[str, Any] = {name: getattr(org, name) for name in ORG_COLUMNS}
    row.update({name: time_text(row[name]) for name in _TIMES})
    row["state"] = org.state.value
    row["users"] = json.dumps([dict(user) for user in org.users], sort_keys=True)
    row["kept"] = int(org.kept)
    return row


def org_from(row: Mapping[str, Any]) -> Org:
    """The org that a row of the table `org` describes."""
    values = {name: row[name] for name in ORG_COLUMNS}
    values.update({name: time_from(values[name]) for name in _TIMES})
    values["state"] = State(values["state"])
    values["users"] = tuple(json.loads(values["users"]))
    values["kept"] = bool(values["kept"])
    return Org(**values)


def event_parameters(event: Event) -> dict[str, Any]:
    """One parameter per column of the table `event`."""
    return {
        "at": time_text(event.at),
        "username": event.username,
        "run": event.run,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "note": event.note,
    }


def event_from(row: Mapping[str, Any]) -> Event:
    """The event that a row of the table `event` describes."""
    at = datetime.fromisoformat(row["at"])
    return Event(at, row["username"], row["run"], row["from_state"], row["to_state"], row["note"])


def run_parameters(run: Run) -> dict[str, Any]:
    """One parameter per column of the table `run`."""
    return {
        "id": run.id,
        "host": run.host,
        "pid": run.pid,
        "started_at": time_text(run.started_at),
        "finished_at": time_text(run.finished_at),
        "summary": json.dumps(dict(run.summary), sort_keys=True),
    }


def run_from(row: Mapping[str, Any]) -> Run:
    """The run that a row of the table `run` describes."""
    return Run(
        id=row["id"],
        host=row["host"],
        pid=row["pid"],
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=time_from(row["finished_at"]),
        summary=json.loads(row["summary"]),
    )


def waiter_parameters(waiter: Waiter) -> dict[str, Any]:
    """One parameter per column of the table `waiter`."""
    return {
        "id": waiter.id,
        "owner": waiter.claim.owner,
        "pool": waiter.claim.pool,
        "username": waiter.claim.username,
        "usable_until": time_text(waiter.claim.usable_until),
        "since": time_text(waiter.since),
        "seen_at": time_text(waiter.seen_at),
    }


def waiter_from(row: Mapping[str, Any]) -> Waiter:
    """The waiter that a row of the table `waiter` describes."""
    claim = Claim(
        row["owner"],
        row["pool"],
        row["username"],
        usable_until=time_from(row["usable_until"]),
        waiter=row["id"],
    )
    since, seen_at = (datetime.fromisoformat(row[name]) for name in ("since", "seen_at"))
    return Waiter(row["id"], claim, since, seen_at)

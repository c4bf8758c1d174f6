"""Converts rows of an SQL ledger to Org, Event and Run, and back.

Times are UTC ISO 8601 text of one fixed width, so that text order is time order on every
database; lists and mappings are JSON text; flags are 0 and 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from provisioner.ledger.base import Claim, Event, Org, Run, State, Waiter
from provisioner.ledger.broken import BrokenRowError
from provisioner.plain_text import visible

ORG_COLUMNS = tuple(column.name for column in fields(Org))

_TIMES = frozenset(
    {"created_at", "available_at", "proven_at", "expires_at", "lease_until", "step_since"}
    | {"active_at"}
)
_COUNTS = frozenset({"version", "step", "attempts", "fence"})
_NEEDED = frozenset({"username", "pool"})
_LARGEST = 2**31 - 2  # all databases can store this count plus one
_SHOWN = 40  # characters of an invalid value that a message quotes

Row = Mapping[str, Any]
Parsed = TypeVar("Parsed")


def utc_now() -> datetime:
    """The current time by the clock of this machine."""
    return datetime.now(UTC)


def time_text(at: datetime | None) -> str | None:
    """`2026-11-24T02:00:00.000000+00:00`. Raises ValueError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"a time in the ledger must have a zone: {at}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def time_from(text: str | None) -> datetime | None:
    """The time in a text that `time_text` wrote. Raises ValueError for a time without a zone."""
    at = datetime.fromisoformat(text) if text else None
    if at is not None and at.tzinfo is None:
        raise ValueError(f"the time must have a zone: {at}")
    return at


def org_parameters(org: Org) -> dict[str, Any]:
    """One parameter per column of the table `org`."""
    row: dict[str, Any] = {name: getattr(org, name) for name in ORG_COLUMNS}
    row.update({name: time_text(row[name]) for name in _TIMES})
    row["state"] = org.state.value
    row["error"] = visible(org.error)  # some databases refuse NUL and lone surrogates
    row["users"] = json.dumps([dict(user) for user in org.users], sort_keys=True)
    row["kept"] = int(org.kept)
    return row


def org_from(row: Row) -> Org:
    """The org of a row of the table `org`. Raises BrokenRowError."""
    return Org(**{name: column(row, name) for name in ORG_COLUMNS})


def column(row: Row, name: str) -> Any:
    """The converted value of one column. Raises BrokenRowError for an invalid value."""
    value = row[name]
    convert: Callable[[Any], Any] = _CONVERTERS.get(name, _text)
    try:
        return convert(value)
    except (ValueError, TypeError, RecursionError) as error:
        shown = "nothing" if value is None else repr(value)[:_SHOWN]
        problem = str(error) if isinstance(error, _InvalidError) else "has an invalid value"
        username = row["username"] if isinstance(row["username"], str) else ""
        raise BrokenRowError(username, f"{name} {problem} (got {shown})") from None


class _InvalidError(ValueError):
    """What the value must be."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _InvalidError("must be text")
    value.encode()  # raises ValueError for invalid UTF-8
    return value


def _text_or_none(value: Any) -> str:
    """The text, or "" for a row of an earlier version, which does not have the column."""
    return "" if value is None else _text(value)


def _name(value: Any) -> str:
    if not _text(value):
        raise _InvalidError("must not be empty")
    return str(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise _InvalidError(f"must be a whole number from 0 to {_LARGEST}")
    return value


def _flag(value: Any) -> bool:
    if value not in (0, 1):
        raise _InvalidError("must be 0 or 1")
    return bool(value)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        at = None
    if at is None or at.tzinfo is None:
        raise _InvalidError("must be a time with a zone")
    return at


def _state(value: Any) -> State:
    if value not in set(State):
        raise _InvalidError("must be a state that this version knows")
    return State(value)


def _users(value: Any) -> tuple[Mapping[str, str], ...]:
    found = json.loads(value)
    if not isinstance(found, list) or not all(isinstance(user, dict) for user in found):
        raise _InvalidError("must be a list of users")
    return tuple(found)


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TIMES, _moment),
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(_NEEDED, _name),
    "state": _state,
    "users": _users,
    "kept": _flag,
    "snapshot": _text_or_none,
    "hub": _text_or_none,
    "team": _text_or_none,
    "lender": _text_or_none,
}


def readable(rows: Iterable[Row], parse: Callable[[Row], Parsed]) -> list[Parsed]:
    """The results of `parse` for the rows; a row that it cannot read is omitted.

    For events, runs and waiters: they are history, or are abandoned after a while.
    """
    found = []
    for row in rows:
        try:
            found.append(parse(row))
        except (KeyError, ValueError, TypeError, RecursionError):
            continue
    return found


def event_parameters(event: Event) -> dict[str, Any]:
    """One parameter per column of the table `event`."""
    return {
        "at": time_text(event.at),
        "username": event.username,
        "run": event.run,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "note": visible(event.note),
    }


def event_from(row: Mapping[str, Any]) -> Event:
    """The event of a row of the table `event`."""
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
    """The run of a row of the table `run`."""
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
    """The waiter of a row of the table `waiter`."""
    claim = Claim(
        row["owner"],
        row["pool"],
        row["username"],
        usable_until=time_from(row["usable_until"]),
        waiter=row["id"],
    )
    since, seen_at = (datetime.fromisoformat(row[name]) for name in ("since", "seen_at"))
    return Waiter(row["id"], claim, since, seen_at)

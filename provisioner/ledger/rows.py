"""How a row of an SQL ledger becomes an Org, an Event or a Run, and back.

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
_LARGEST = 2**31 - 2  # a count that all databases can still raise by one
_SHOWN = 40  # characters of a broken value

Row = Mapping[str, Any]
Parsed = TypeVar("Parsed")


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
    """The time that `time_text` wrote. Raises ValueError for one without a zone."""
    at = datetime.fromisoformat(text) if text else None
    if at is not None and at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    return at


def org_parameters(org: Org) -> dict[str, Any]:
    """One parameter per column of the table `org`."""
    row: dict[str, Any] = {name: getattr(org, name) for name in ORG_COLUMNS}
    row.update({name: time_text(row[name]) for name in _TIMES})
    row["state"] = org.state.value
    row["error"] = visible(org.error)  # not every database takes a NUL or half a character
    row["users"] = json.dumps([dict(user) for user in org.users], sort_keys=True)
    row["kept"] = int(org.kept)
    return row


def org_from(row: Row) -> Org:
    """The org that a row of the table `org` describes. Raises BrokenRowError."""
    return Org(**{name: column(row, name) for name in ORG_COLUMNS})


def column(row: Row, name: str) -> Any:
    """The value of one column. Raises BrokenRowError for what nobody of us wrote there."""
    value = row[name]
    convert: Callable[[Any], Any] = _CONVERTERS.get(name, _text)
    try:
        return convert(value)
    except (ValueError, TypeError, RecursionError) as error:
        shown = "nothing" if value is None else repr(value)[:_SHOWN]
        wrong = str(error) if isinstance(error, _WrongError) else "which nobody can read"
        username = row["username"] if isinstance(row["username"], str) else ""
        raise BrokenRowError(username, f"{name} holds {shown}, {wrong}") from None


class _WrongError(ValueError):
    """What a value is not."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongError("which is no text")
    value.encode()  # bytes that are no text raise ValueError
    return value


def _name(value: Any) -> str:
    if not _text(value):
        raise _WrongError("which is no name")
    return str(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise _WrongError("which is no count")
    return value


def _flag(value: Any) -> bool:
    if value not in (0, 1):
        raise _WrongError("which is neither 0 nor 1")
    return bool(value)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        at = None
    if at is None or at.tzinfo is None:
        raise _WrongError("which is no time with a zone")
    return at


def _state(value: Any) -> State:
    if value not in set(State):
        raise _WrongError("which is no state that this version knows")
    return State(value)


def _users(value: Any) -> tuple[Mapping[str, str], ...]:
    found = json.loads(value)
    if not isinstance(found, list) or not all(isinstance(user, dict) for user in found):
        raise _WrongError("which is no list of users")
    return tuple(found)


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TIMES, _moment),
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(_NEEDED, _name),
    "state": _state,
    "users": _users,
    "kept": _flag,
}


def readable(rows: Iterable[Row], parse: Callable[[Row], Parsed]) -> list[Parsed]:
    """What `parse` makes of each row; one that it cannot read is left out.

    For events, runs and places in the queue: they are history, or lapse by themselves.
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

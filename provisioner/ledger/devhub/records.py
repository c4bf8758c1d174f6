"""Rows, events and runs as records of the Dev Hub's custom objects, and the SOQL that reads them.

`Build__c` holds what only builds change, `Claim__c` what claims change. Both are JSON, so that
field-level security can prevent consumers from changing the first. The other fields are used in
filters. Text is stored in a form that the platform does not change: it trims text, compares without
regard to case, and replaces `@{…}` in composite requests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from provisioner.errors import LedgerError
from provisioner.ledger import repair
from provisioner.ledger.base import Event, Org, Run, State
from provisioner.ledger.broken import BrokenRow, BrokenRowError
from provisioner.ledger.rows import (
    ORG_COLUMNS,
    Row,
    column,
    org_from,
    org_parameters,
    run_from,
    run_parameters,
)
from provisioner.ledger.rows import time_text as exact

ORG, EVENT = "Provisioner_Org__c", "Provisioner_Event__c"
RUN, LEASE = "Provisioner_Run__c", "Provisioner_Lease__c"
WAITER = "Provisioner_Waiter__c"

VERSION = 1
"""Of the JSON in the records; a newer provisioner that writes another raises it."""

CONSUMER_FIELDS = frozenset({"State__c", "Version__c", "Held_Key__c", "Claim__c"})
"""What consumers may change of a row; see the permission set Provisioner_Consumer."""

_PLAIN = ("username", "pool", "state", "version", "builder_id")
_CLAIM = (
    "owner", "purpose", "lease_until", "idempotency_key", "fence", "proven_at", "error",
    "team", "lender",
)  # fmt: skip
_BUILD = {
    name: "request_id" if name == "step_state" else name
    for name in ORG_COLUMNS
    if name not in (*_PLAIN, *_CLAIM)
}
"""Column → its key in `Build__c`. `step_state` keeps its earlier key: an earlier version takes a
row without that key for broken and marks it `failed` (docs/decisions/step-state.md)."""

ORG_FIELDS = (
    "Id, Username__c, Pool__c, State__c, Version__c, Builder_Id__c, Build__c, Claim__c, Held_Key__c"
)
_EVENT_FIELDS = "Username__c, Run__c, At__c, From_State__c, To_State__c, Note__c"
_LONGEST_NOTE, _LONGEST_ERROR = 15_000, 30_000  # characters; escaped, they still fit their fields

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: str) -> str:
    """A text as a SOQL literal; `null` for an empty one, as which the platform keeps it."""
    if not value:
        return "null"
    return "'" + "".join(_ESCAPES.get(character, character) for character in value) + "'"


def moment(at: datetime) -> str:
    """A time as the platform takes and keeps it: to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def held_key(org: Org) -> str | None:
    """What `Held_Key__c` holds: while the org is claimed under a key, no other org has it."""
    return key_hash(org.idempotency_key) if org.state is State.CLAIMED else None


def key_hash(idempotency_key: str) -> str | None:
    """A key of any length as text for a field that compares without regard to case."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None


def org_record(org: Org) -> dict[str, Any]:
    """All fields of a row. Raises ValueError for a time without a zone, or an impossible name."""
    values = org_parameters(org)
    return {
        "Username__c": name(org.username),
        "Pool__c": name(org.pool),
        "State__c": org.state.value,
        "Version__c": org.version,
        "Builder_Id__c": name(org.builder_id) or None,
        "Expires_At__c": moment(org.expires_at) if org.expires_at else None,
        "Held_Key__c": held_key(org),
        "Build__c": json_text(
            {"ledger": VERSION, **{key: values[name] for name, key in _BUILD.items()}}
        ),
        "Claim__c": json_text({key: _cut(values[key], _LONGEST_ERROR) for key in _CLAIM}),
    }


def org_changes(seen: Org, changed: Org) -> dict[str, Any]:
    """The fields of a row that a change changes."""
    before, after = org_record(seen), org_record(changed)
    return {key: value for key, value in after.items() if before[key] != value}


def org_of(record: Mapping[str, Any]) -> Org:
    """The row of a record.

    Raises BrokenRowError when it cannot be read, LedgerError when a newer provisioner wrote it.
    """
    try:
        return org_from(_row_of(record, _object))
    except BrokenRowError as error:
        raise BrokenRowError(error.username, error.why, location(record)) from None


def broken_row(record: Mapping[str, Any], why: str) -> BrokenRow:
    """A row that cannot be read or changed, as far as it can be read."""
    row = _row_of(record, _object_or_none)
    return repair.broken_row(location(record), why, partial(column, row))


def location(record: Mapping[str, Any]) -> str:
    """Where a row is, for people with access to the Dev Hub."""
    return f"the record {record['Id']}"


def repaired_org(record: Mapping[str, Any], why: str) -> Org | None:
    """The org of a broken record after its repair; None without a username."""
    return repair.repaired_row(why, ORG_COLUMNS, partial(column, _row_of(record, _object_or_none)))


def _row_of(
    record: Mapping[str, Any], parse: Callable[[Mapping[str, Any], str], dict[str, Any]]
) -> Row:
    """The columns of a row; None for one that is in neither document."""
    build, claim = parse(record, "Build__c"), parse(record, "Claim__c")
    if build.get("ledger", VERSION) != VERSION:
        raise LedgerError(
            f"the ledger on the Dev Hub was written by a newer provisioner (its version is "
            f"{build['ledger']}, this provisioner supports up to {VERSION})",
            code="ledger_newer",
            hint="upgrade provisioner on this machine: pip install --upgrade provisioner",
        )
    version = record["Version__c"]  # a number of the platform: 7.0
    plain = {
        "username": record["Username__c"],
        "pool": record["Pool__c"],
        "state": record["State__c"],
        "version": int(version) if isinstance(version, float) and version % 1 == 0 else version,
        "builder_id": record["Builder_Id__c"] or "",
    }
    built = {name: build.get(key) for name, key in _BUILD.items()}
    return {**dict.fromkeys(ORG_COLUMNS), **built, **claim, **plain}


def _object(record: Mapping[str, Any], field: str) -> dict[str, Any]:
    """The JSON object in a field. Raises BrokenRowError."""
    try:
        found = json.loads(record[field])
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        why = f"{field} does not contain a JSON object"
        raise BrokenRowError(str(record["Username__c"] or ""), why)
    return found


def _object_or_none(record: Mapping[str, Any], field: str) -> dict[str, Any]:
    try:
        return _object(record, field)
    except BrokenRowError:
        return {}


def event_record(event: Event, *, key: str, writer: str) -> dict[str, Any]:
    """All fields of an event; without states it is a change of fields alone."""
    return {
        "Key__c": name(key),
        "Username__c": name(event.username),
        "Run__c": name(event.run) or None,
        "At__c": exact(event.at),
        "From_State__c": event.from_state or None,
        "To_State__c": event.to_state or None,
        "Note__c": json_text(_cut(event.note, _LONGEST_NOTE))[1:-1] or None,
        "Writer__c": writer,
    }


def event_of(record: Mapping[str, Any]) -> Event:
    """The event of a record. Raises ValueError or TypeError for a record with invalid content."""
    return Event(
        at=datetime.fromisoformat(record["At__c"]),
        username=record["Username__c"],
        run=record["Run__c"] or "",
        from_state=record["From_State__c"] or "",
        to_state=record["To_State__c"] or "",
        note=str(json.loads(f'"{record["Note__c"] or ""}"')),
    )


def fitted_org(org: Org) -> Org:
    """The row with its error as short as it is stored."""
    return replace(org, error=_cut(org.error, _LONGEST_ERROR))


def fitted_event(event: Event) -> Event:
    """The event with its note as short as it is stored."""
    return replace(event, note=_cut(event.note, _LONGEST_NOTE))


def run_record(run: Run) -> dict[str, Any]:
    """All fields of a run, but the one that it is found by."""
    return {"Started_At__c": exact(run.started_at), "Content__c": json_text(run_parameters(run))}


def run_of(record: Mapping[str, Any]) -> Run:
    """The run of a record. Raises KeyError, ValueError or TypeError for invalid content."""
    return run_from(json.loads(record["Content__c"]))


def org_query(username: str) -> str:
    """The row of one username, however its letters are capitalised."""
    return f"SELECT {ORG_FIELDS} FROM {ORG} WHERE Username__c = {literal(username)}"  # noqa: S608


def orgs_query(states: Iterable[State], pool: str = "") -> str:
    """Rows in any of `states`, or in none that is known, in the order in which they came."""
    wanted, known = (
        ", ".join(literal(state.value) for state in sorted(found)) for found in (states, State)
    )
    where = f"(State__c IN ({wanted}) OR State__c NOT IN ({known}) OR State__c = null)"
    where += f" AND Pool__c = {literal(pool)}" if pool else ""
    return f"SELECT {ORG_FIELDS} FROM {ORG} WHERE {where} ORDER BY Name"  # noqa: S608


def events_query(username: str = "", run: str = "") -> str:
    """Moves, in the order in which they were made."""
    where = ["To_State__c != null"]
    where += [f"Username__c = {literal(username)}"] if username else []
    where += [f"Run__c = {literal(run)}"] if run else []
    return f"SELECT {_EVENT_FIELDS} FROM {EVENT} WHERE {' AND '.join(where)} ORDER BY Name"  # noqa: S608


def runs_query(limit: int) -> str:
    """Runs, the newest first."""
    order = f"ORDER BY Started_At__c DESC, Name DESC LIMIT {limit}"
    return f"SELECT Content__c FROM {RUN} {order}"  # noqa: S608


def name(text: str) -> str:
    """`text` for a plain text field. Raises ValueError for text that the platform would replace."""
    if "@{" in text:
        raise ValueError(f"names must not contain @{{: {text!r}")
    return text


def json_text(value: Any) -> str:
    """JSON without any text that a composite request would take for a reference."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("@{", "\\u0040{")


def _cut(value: Any, longest: int) -> Any:
    is_long = isinstance(value, str) and len(value) > longest
    return f"{value[:longest]}…" if is_long else value

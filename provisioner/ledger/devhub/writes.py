"""Compare-and-swap on the Dev Hub: an event with a unique key, and the row, in one transaction.

The platform knows no conditional write of custom objects, but it refuses a second record with the
value of a unique field (docs/reference/dev-hub.md). A change of a row from version 7 to 8 therefore
inserts the event `USERNAME:8` and updates the row in *one* composite request with `allOrNone`,
which the platform carries out in one transaction. The second insert is refused with
DUPLICATE_VALUE, and its whole transaction has no effect. A process that is killed leaves either
both changes or none. The transaction begins with a query for the row in the version that the caller
read, so that old keys can be deleted.

When the answer is lost, each event has a random text of its writer, by which a repeated request
finds out whether the first one took effect. See docs/devhub-ledger.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any
from urllib.parse import quote_plus

from provisioner.ledger.base import Event, Org
from provisioner.ledger.devhub import errors as devhub_errors
from provisioner.ledger.devhub.answers import composite_parts
from provisioner.ledger.devhub.errors import (
    BUILDER,
    CONSUMER,
    LockLostError,
    LostError,
    RefusedError,
)
from provisioner.ledger.devhub.records import (
    CONSUMER_FIELDS,
    EVENT,
    LEASE,
    ORG,
    event_record,
    literal,
    org_changes,
    org_record,
)
from provisioner.ledger.devhub.session import API, HubSession, malformed_refused

Part = dict[str, Any]
"""One request of a composite one."""

BATCH = 200  # records that one collection call takes (docs/reference/http.md#collections)
_NO_SUCH_ROW = "Invalid reference specified"  # the query that a later part refers to found none


class Outcome(Enum):
    """The outcome of a write."""

    DONE = auto()
    CHANGED = auto()  # the row is not what the caller saw
    IN_USE = auto()  # another row has the username, or the idempotency key


@dataclass(frozen=True)
class Swap:
    """One of many changes, of a row whose record is known."""

    id: str
    seen: Org
    changed: Org
    event: Event


class Writer:
    """Writes rows with their events. `lease` gives the id of our builder lock's record, or ""."""

    def __init__(self, session: HubSession, lease: Callable[[], str]) -> None:
        self._session = session
        self._lease = lease

    def insert(self, org: Org, event: Event) -> Outcome:
        """A new row; IN_USE when there is one of that username."""
        writer = secrets.token_hex(8)
        key = f"{org.username.lower()}:{org.version}:{writer}"
        parts = [
            part("row", "POST", f"sobjects/{ORG}", org_record(org)),
            part("event", "POST", f"sobjects/{EVENT}", event_record(event, key=key, writer=writer)),
        ]
        return self._write(parts, key, writer, needs=BUILDER)

    def note(self, event: Event) -> None:
        """An event alone."""
        writer = secrets.token_hex(8)
        key = f"{event.username.lower()}:note:{writer}"
        record = event_record(event, key=key, writer=writer)
        parts = [part("event", "POST", f"sobjects/{EVENT}", record)]
        self._write(parts, key, writer, needs=CONSUMER)

    def swap(
        self, seen: Org, changed: Org, event: Event, *, before: Sequence[Part] = ()
    ) -> Outcome:
        """Change `seen` to `changed`; `before` goes first, in the same transaction."""
        writer = secrets.token_hex(8)
        key = key_of(changed)
        changes = org_changes(seen, changed)
        parts = [
            part("seen", "GET", _as_seen(seen)),
            part("event", "POST", f"sobjects/{EVENT}", event_record(event, key=key, writer=writer)),
            *before,
            part("row", "PATCH", f"sobjects/{ORG}/@{{seen.records[0].Id}}", changes),
        ]
        needs = CONSUMER if set(changes) <= CONSUMER_FIELDS else BUILDER
        return self._write(parts, key, writer, needs=needs)

    def swap_all(self, swaps: Sequence[Swap]) -> None:
        """Change many rows that were read just now, 200 a request; none that changed meanwhile."""
        for start in range(0, len(swaps), BATCH):
            batch = swaps[start : start + BATCH]
            writer = secrets.token_hex(8)
            parts = [
                part(
                    "event",
                    "POST",
                    "composite/sobjects",
                    collection(EVENT, _events(batch, writer)),
                ),
                part("row", "PATCH", "composite/sobjects", collection(ORG, _rows(batch))),
            ]
            outcome = self._write(parts, key_of(batch[0].changed), writer, needs=BUILDER)
            if outcome is not Outcome.DONE:  # another writer was faster with one of them
                for swap in batch:
                    self.swap(swap.seen, swap.changed, swap.event)

    def repair(self, record_id: str, org: Org, event: Event) -> Outcome:
        """Write all fields of a row that could not be read or changed. Only for builds."""
        writer = secrets.token_hex(8)
        key = key_of(org)
        row = {name: value for name, value in org_record(org).items() if name != "Username__c"}
        parts = [
            part("event", "POST", f"sobjects/{EVENT}", event_record(event, key=key, writer=writer)),
            part("row", "PATCH", f"sobjects/{ORG}/{record_id}", row),
        ]
        return self._write(parts, key, writer, needs=BUILDER)

    def _write(self, parts: list[Part], key: str, writer: str, *, needs: str) -> Outcome:
        """Send the write until its outcome is known."""
        session, is_unconfirmed = self._session, False
        if lease := self._lease():
            parts = [part("lease", "GET", f"sobjects/{LEASE}/{lease}?fields=Id"), *parts]
        for _ in session.tries():
            try:
                outcome = _outcome(send(session, parts))
            except LockLostError:
                raise devhub_errors.lock_lost(session.name) from None
            except LostError as error:
                last: Exception = error
            except RefusedError as error:
                if not error.is_transient:
                    raise session.translated(error, needs) from None
                last = error
            else:
                if outcome is not Outcome.DONE and is_unconfirmed and self._is_ours(key, writer):
                    return Outcome.DONE
                return outcome
            is_unconfirmed = True
        raise session.given_up(last)

    def _is_ours(self, key: str, writer: str) -> bool:
        """Whether an earlier try, whose answer was lost, took effect."""
        soql = f"SELECT Writer__c FROM {EVENT} WHERE Key__c = {literal(key)}"  # noqa: S608
        return any(record["Writer__c"] == writer for record in self._session.query(soql))


def part(reference: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Part:
    """One request of a composite one; `path` begins after the API version."""
    made: Part = {"referenceId": reference, "method": method, "url": f"{API}/{path}"}
    return made if body is None else {**made, "body": dict(body)}


def send(session: HubSession, parts: Sequence[Part]) -> list[Part]:
    """Send a composite request, all of it or nothing; the answer's parts.

    Raises RefusedError, LostError, LoginError. It counts as one API call.
    """
    body = {"allOrNone": True, "compositeRequest": list(parts)}
    answer = session.call("POST", f"{API}/composite", body)
    with malformed_refused():
        return composite_parts(answer, parts)


def refusals(answer: Sequence[Part]) -> list[tuple[str, RefusedError]]:
    """The parts that failed, with reasons; not those that were rolled back because of them."""
    found = []
    for one in answer:
        status, body = int(one["httpStatusCode"]), one["body"]
        rows = body if isinstance(body, list) else []
        errors = [row for row in rows if isinstance(row, dict) and "errorCode" in row]
        # a collection answers with statusCode per record
        errors += [e for row in rows if isinstance(row, dict) for e in row.get("errors") or ()]
        for error in errors:
            code = str(error.get("errorCode") or error.get("statusCode") or "")
            if code not in ("PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"):
                refused = RefusedError(status, code, str(error.get("message") or ""))
                found.append((str(one["referenceId"]), refused))
    return found


def change_of(event: Event) -> Event:
    """The event of a change without a move: it only holds the key."""
    return replace(event, from_state="", to_state="", note="")


def key_of(changed: Org) -> str:
    """The unique key of this version of this row: only one writer can insert it."""
    return f"{changed.username.lower()}:{changed.version}"


def _events(swaps: Sequence[Swap], writer: str) -> list[Part]:
    return [event_record(one.event, key=key_of(one.changed), writer=writer) for one in swaps]


def _rows(swaps: Sequence[Swap]) -> list[Part]:
    return [{"id": one.id, **org_changes(one.seen, one.changed)} for one in swaps]


def collection(type_name: str, rows: Sequence[Part]) -> Part:
    """The body of a collection call: all of it or nothing."""
    attributes = {"attributes": {"type": type_name}}
    return {"allOrNone": True, "records": [{**attributes, **row} for row in rows]}


def _as_seen(seen: Org) -> str:
    """A query that finds the row only in the version that the caller read."""
    soql = (
        f"SELECT Id FROM {ORG} WHERE Username__c = {literal(seen.username)} "  # noqa: S608
        f"AND Version__c = {seen.version} AND Builder_Id__c = {literal(seen.builder_id)}"
    )
    return f"query?q={quote_plus(soql)}"


def _outcome(answer: Sequence[Part]) -> Outcome:
    """The outcome of the parts of an answer. Raises RefusedError, LockLostError."""
    failures = refusals(answer)
    if not failures and all(one["httpStatusCode"] < 300 for one in answer):
        return Outcome.DONE
    for reference, refused in failures:
        if reference == "lease" and refused.is_gone:
            raise LockLostError
        if refused.code != "DUPLICATE_VALUE":
            raise refused
        return Outcome.CHANGED if reference == "event" else Outcome.IN_USE
    if not any(_NO_SUCH_ROW in str(one["body"]) for one in answer):
        raise RefusedError(502, "", "the write was refused without a reason")
    return Outcome.CHANGED

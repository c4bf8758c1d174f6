"""A claim on the Dev Hub: one request to read, one to take; retried when others were faster.

A claim sends at most one login, `_MOST` requests here, and two that find out why there was no org.
A row that could not be claimed is not tried again unless it has changed since.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Protocol

from provisioner.errors import LedgerError
from provisioner.ledger import changes as changes_of
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.broken import BrokenRows
from provisioner.ledger.devhub import queue as devhub_queue
from provisioner.ledger.devhub import records
from provisioner.ledger.devhub.answers import Record
from provisioner.ledger.devhub.records import ORG
from provisioner.ledger.devhub.repair import note_blocked, readable_rows, unmoved
from provisioner.ledger.devhub.session import HubSession
from provisioner.ledger.devhub.writes import Outcome, Part, part
from provisioner.ledger.queue import ahead_of, left_for, matches

MOST_CANDIDATES = 50  # candidates that one query gives
_MOST = 9  # requests of one claim, repetitions for a Dev Hub that does not answer aside
_LOSSES = 2  # orgs lost to other claims before the list is queried again
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0  # seconds between two attempts


class Swap(Protocol):
    """Compare-and-swap of a row."""

    def __call__(
        self, seen: Org, changed: Org, *, at: datetime, note: str, before: Sequence[Part] = ()
    ) -> Outcome:
        """Change `seen` to `changed`; `before` goes first, in the same transaction."""


def claim_one(
    session: HubSession, swap: Swap, claim: Claim, now: datetime, broken: BrokenRows
) -> Org | None:
    """Claim one available org. Rows that cannot be claimed are passed over, and noted in `broken`.

    None when nothing is left for `claim`, or others were faster each time. Raises LedgerError.
    """
    attempts = _Attempts(session, swap, claim, now, broken)
    while attempts.may_continue():
        found, candidates = attempts.poll()
        held = attempts.held(found)
        if held is not None:
            if (answer := attempts.extended(held)) is not None:
                return answer
            continue
        if not candidates:
            break
        if (won := attempts.take_one(found, candidates)) is not None:
            return won
    attempts.explain()
    return None


class _Attempts:
    """The state of one claim: the requests that it has sent, the rows that it could not take."""

    def __init__(
        self, session: HubSession, swap: Swap, claim: Claim, now: datetime, broken: BrokenRows
    ) -> None:
        self._session = session
        self._swap = swap
        self._claim = claim
        self._now = now
        self._broken = broken
        self._sent = 0
        self._lost: dict[str, Org] = {}  # rows that could not be taken, as they were then

    def may_continue(self) -> bool:
        """Whether a read, a take and a query for what was lost are still allowed."""
        return self._sent + 3 <= _MOST

    def poll(self) -> tuple[list[tuple[Record, Org]], list[Org]]:
        """The rows that were found, and those of them that may be taken."""
        self._pause()
        self._sent += 1
        claim, now = self._claim, self._now
        records_, queue, server_now = devhub_queue.poll(self._session, claim, _query(claim, now))
        self._refuse_broken_key(records_)
        found = list(readable_rows(records_, self._broken))
        stuck = [(record, row) for record, row in found if self._lost.get(row.username) == row]
        note_blocked(stuck, self._broken)
        candidates = [row for _, row in found if matches(row, claim, now)]
        ahead = ahead_of(claim, queue, devhub_queue.POLLING, server_now)
        if candidates and ahead and not claim.is_entitled:
            self._sent += 1
            available = self._session.query(
                records.orgs_query([State.AVAILABLE]), read=records.org_of
            )
            rows = [row for _, row in readable_rows(available, self._broken)]
            candidates = left_for(claim, ahead, rows, now)
        return found, [row for row in candidates if self._lost.get(row.username) != row]

    def held(self, found: Sequence[tuple[Record, Org]]) -> Org | None:
        """The org, not yet deleted, that the key of the claim holds."""
        return next((row for _, row in found if _is_held(row, self._claim, self._now)), None)

    def extended(self, held: Org) -> Org | None:
        """The held org, its lease longer if that is asked for; None when it changed meanwhile."""
        changed = changes_of.extended(held, self._claim)
        if changed is None:
            return held
        self._sent += 1
        outcome = self._swap(held, changed, at=self._now, note="")
        return changed if outcome is Outcome.DONE else None

    def take_one(self, found: Sequence[tuple[Record, Org]], candidates: list[Org]) -> Org | None:
        """Claim the first candidate; after a loss, a random one, to avoid another collision."""
        take = partial(
            self._swap, at=self._now, note=self._claim.owner, before=_lapsed(found, self._claim)
        )
        for _ in range(min(_LOSSES, len(candidates))):
            if self._sent + 2 > _MOST:
                break
            reach = len(candidates) if self._lost else 1
            org = candidates.pop(random.randrange(reach))  # noqa: S311
            claimed = changes_of.claimed(org, self._claim)
            self._sent += 1
            outcome = take(org, claimed)
            if outcome is Outcome.DONE:
                self.explain()
                return claimed
            if outcome is Outcome.IN_USE:
                return None  # a claim with the same key was faster: the next poll finds its org
            self._lost[org.username] = org
            self._pause()
        return None

    def explain(self) -> None:
        """Record which of the lost rows no other claim has taken either."""
        noted = {row.username for row in self._broken.all()}
        lost = [row for name, row in self._lost.items() if name not in noted]
        if lost:
            with suppress(LedgerError):  # the claim is what counts
                note_blocked(unmoved(self._session, lost), self._broken)

    def _pause(self) -> None:
        """Wait before the next attempt, longer after each loss."""
        if self._lost:
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (len(self._lost) - 1))
            time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _refuse_broken_key(self, found: Sequence[Record]) -> None:
        """Refuse a second org for a key whose row cannot be read. Raises BrokenRowError."""
        key = records.key_hash(self._claim.idempotency_key)
        for record in found:
            if key and record["Held_Key__c"] == key:
                records.org_of(record)


def _query(claim: Claim, now: datetime) -> str:
    """Candidates and, before them, the org that the key holds: one query."""
    needed = records.moment(max(now, claim.usable_until or now))
    where = ["State__c = 'available'", f"(Expires_At__c = null OR Expires_At__c >= {needed})"]
    where += [f"Pool__c = {records.literal(claim.pool)}"] if claim.pool else []
    where += [f"Username__c = {records.literal(claim.username)}"] if claim.username else []
    wanted, order = " AND ".join(where), "Expires_At__c NULLS LAST, Name"
    if key := records.key_hash(claim.idempotency_key):
        wanted = f"Held_Key__c = '{key}' OR ({wanted})"
        order = f"Held_Key__c NULLS LAST, {order}"
    return (
        f"SELECT {records.ORG_FIELDS} FROM {ORG} "  # noqa: S608 - SOQL, quoted
        f"WHERE {wanted} ORDER BY {order} LIMIT {MOST_CANDIDATES}"
    )


def _is_held(org: Org, claim: Claim, now: datetime) -> bool:
    is_claimed = org.state is State.CLAIMED and org.idempotency_key == claim.idempotency_key
    is_alive = org.expires_at is None or org.expires_at > now
    return bool(claim.idempotency_key) and is_claimed and is_alive


def _lapsed(found: Sequence[tuple[Record, Org]], claim: Claim) -> list[Part]:
    """Remove the key from an org that has expired or is no longer claimed."""
    key = records.key_hash(claim.idempotency_key)
    return [
        part("lapsed", "PATCH", f"sobjects/{ORG}/{record['Id']}", {"Held_Key__c": None})
        for record, _ in found
        if key and record["Held_Key__c"] == key
    ]

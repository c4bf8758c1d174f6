"""A claim on the Dev Hub: one request to look, one to take, and again when others were faster."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from provisioner.ledger import changes as changes_of
from provisioner.ledger import devhub_queue
from provisioner.ledger import devhub_records as records
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.devhub_errors import contended
from provisioner.ledger.devhub_records import ORG
from provisioner.ledger.devhub_session import HubSession, Record
from provisioner.ledger.devhub_writes import Outcome, Part, part
from provisioner.ledger.queue import ahead_of, left_for, suits

LOOKED_AT = 50  # candidates that one query gives
_LOSSES = 3  # orgs lost to others before the list is asked for anew
_ROUNDS = 100  # of asking for that list


class Swap(Protocol):
    """Compare-and-swap of a row."""

    def __call__(
        self, seen: Org, changed: Org, *, at: datetime, note: str, before: Sequence[Part] = ()
    ) -> Outcome:
        """Change `seen` to `changed`; `before` goes first, in the same transaction."""


def claim_one(session: HubSession, swap: Swap, claim: Claim, now: datetime) -> Org | None:
    """Claim one available org, or None when nothing is left for `claim`. Raises LedgerError."""
    for number in range(_ROUNDS):
        found, queue, server_now = devhub_queue.look(session, claim, _query(claim, now))
        rows = [records.org_of(record) for record in found]
        held = next((row for row in rows if _is_held(row, claim, now)), None)
        if held is not None:
            if (answer := _prolonged(swap, held, claim, now)) is not None:
                return answer
            continue
        candidates = [row for row in rows if suits(row, claim, now)]
        ahead = ahead_of(claim, queue, devhub_queue.PACE, server_now)
        if candidates and ahead:
            available = session.query(records.orgs_query([State.AVAILABLE]))
            candidates = left_for(claim, ahead, map(records.org_of, available), now)
        if not candidates:
            return None
        take = partial(swap, at=now, note=claim.owner, before=_lapsed(found, rows, claim))
        won = _take_one(take, candidates, claim, reach=8 if number else 1)
        if won is not None:
            return won
    raise contended(session.name, "others keep taking what is free; nothing was claimed")


def _take_one(
    take: Callable[[Org, Org], Outcome], candidates: list[Org], claim: Claim, *, reach: int
) -> Org | None:
    """Claim the first, or after a loss any of the first few: else all would go for one."""
    for _ in range(min(_LOSSES, len(candidates))):
        org = candidates.pop(random.randrange(min(reach, len(candidates))))  # noqa: S311
        claimed = changes_of.claimed(org, claim)
        outcome = take(org, claimed)
        if outcome is Outcome.DONE:
            return claimed
        if outcome is Outcome.IN_USE:
            return None  # the same key was faster elsewhere: the next look finds its org
        reach = 8
    return None


def _prolonged(swap: Swap, held: Org, claim: Claim, now: datetime) -> Org | None:
    changed = changes_of.prolonged(held, claim)
    if changed is None:
        return held
    return changed if swap(held, changed, at=now, note="") is Outcome.DONE else None


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
        f"WHERE {wanted} ORDER BY {order} LIMIT {LOOKED_AT}"
    )


def _is_held(org: Org, claim: Claim, now: datetime) -> bool:
    is_claimed = org.state is State.CLAIMED and org.idempotency_key == claim.idempotency_key
    is_alive = org.expires_at is None or org.expires_at > now
    return bool(claim.idempotency_key) and is_claimed and is_alive


def _lapsed(found: Sequence[Record], rows: Sequence[Org], claim: Claim) -> list[Part]:
    """Takes the key away from an org that it held until the org's life ended."""
    key = records.key_hash(claim.idempotency_key)
    return [
        part("lapsed", "PATCH", f"sobjects/{ORG}/{record['Id']}", {"Held_Key__c": None})
        for record, row in zip(found, rows, strict=True)
        if key and record["Held_Key__c"] == key and row.state is State.CLAIMED
    ]

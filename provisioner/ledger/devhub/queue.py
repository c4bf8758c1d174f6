"""The queue of waiting claims as records on the Dev Hub, and the single request of a poll.

A poll is one composite request: it renews the record of the claim, and queries the orgs that can be
claimed and all waiting claims. The date of the record, set by the Dev Hub, is the time of the last
poll.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus

from provisioner.ledger.base import Claim, Waiter
from provisioner.ledger.devhub import records
from provisioner.ledger.devhub.answers import Record
from provisioner.ledger.devhub.errors import CONSUMER
from provisioner.ledger.devhub.records import WAITER
from provisioner.ledger.devhub.session import API, HubSession
from provisioner.ledger.devhub.writes import Part, part, refusals, send
from provisioner.ledger.queue import Polling
from provisioner.ledger.rows import readable, time_from, time_text, utc_now

POLLING = Polling(poll_every=15.0, abandoned_after=60.0)
"""Each poll is an API request of the Dev Hub; ten minutes of waiting cost forty."""

_ALL = (
    f"SELECT Key__c, Claim__c, CreatedDate, SystemModstamp FROM {WAITER} "  # noqa: S608
    "ORDER BY Name LIMIT 2000"
)


def poll(
    session: HubSession, claim: Claim, soql: str
) -> tuple[list[Record], list[Waiter], datetime]:
    """What `soql` finds, all places of the queue, and the Dev Hub's time: one request.

    With `claim.waiter` it takes that place, or shows that it keeps it. Raises LedgerError.
    """
    parts = [_query("found", soql), _query("queue", _ALL)]
    if claim.waiter:
        parts.insert(0, part("place", "PATCH", _record_path(claim.waiter), _record(claim)))
    answer = session.retried(lambda: _answered(session, parts), needs=CONSUMER)
    found, queue = (list(one["body"]["records"]) for one in answer[-2:])
    return found, readable(queue, _waiter), session.now()


def waiters(session: HubSession) -> tuple[list[Waiter], datetime]:
    """All places of the queue, and the Dev Hub's time."""
    found = session.query(_ALL)
    return readable(found, _waiter), session.now()


def leave(session: HubSession, waiter: str) -> None:
    """Leave the queue; a place that no longer exists is no error. Raises LedgerError."""
    session.discard(f"{API}/{_record_path(waiter)}", needs=CONSUMER)


def _answered(session: HubSession, parts: Sequence[Part]) -> list[Part]:
    """The answer to all parts. Raises RefusedError when one is refused, LostError."""
    answer = send(session, parts)
    for _, refused in refusals(answer):
        raise refused
    return answer


def _query(reference: str, soql: str) -> Part:
    return part(reference, "GET", f"query?q={quote_plus(soql)}")


def _record_path(waiter: str) -> str:
    return f"sobjects/{WAITER}/Key__c/{quote(waiter, safe='')}"


def _record(claim: Claim) -> dict[str, Any]:
    """Found by its key, and new at each poll, so that the Dev Hub dates it anew."""
    wish = {
        "owner": claim.owner,
        "pool": claim.pool,
        "username": claim.username,
        "usable_until": time_text(claim.usable_until),
    }
    return {"Claim__c": records.json_text(wish), "Seen_At__c": time_text(utc_now())}


def _waiter(record: Mapping[str, Any]) -> Waiter:
    """Raises KeyError, TypeError or ValueError for a record with invalid content."""
    wish = json.loads(record["Claim__c"])
    claim = Claim(
        str(wish["owner"]),
        str(wish["pool"]),
        str(wish["username"]),
        usable_until=time_from(wish["usable_until"]),
        waiter=str(record["Key__c"]),
    )
    since, seen_at = (
        datetime.fromisoformat(record[name]) for name in ("CreatedDate", "SystemModstamp")
    )
    return Waiter(claim.waiter, claim, since, seen_at)

"""Which orgs a claim may take on the Dev Hub: one query, and what it cannot ask exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provisioner.ledger import devhub_records as records
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.devhub_records import ORG
from provisioner.ledger.devhub_session import Record
from provisioner.ledger.devhub_writes import Part, part

LOOKED_AT = 50  # candidates that one query gives


def claim_query(claim: Claim, now: datetime) -> str:
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


def is_held(org: Org, claim: Claim, now: datetime) -> bool:
    is_claimed = org.state is State.CLAIMED and org.idempotency_key == claim.idempotency_key
    is_alive = org.expires_at is None or org.expires_at > now
    return bool(claim.idempotency_key) and is_claimed and is_alive


def lapsed(found: Sequence[Record], rows: Sequence[Org], claim: Claim) -> list[Part]:
    """Takes the key away from an org that it held until the org's life ended."""
    key = records.key_hash(claim.idempotency_key)
    return [
        part("lapsed", "PATCH", f"sobjects/{ORG}/{record['Id']}", {"Held_Key__c": None})
        for record, row in zip(found, rows, strict=True)
        if key and record["Held_Key__c"] == key and row.state is State.CLAIMED
    ]

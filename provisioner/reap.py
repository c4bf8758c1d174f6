"""Ends what nobody should have any more: failed, given back, expired, and lapsed leases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.ledger.base import TO_DELETE, Ledger, Org, State
from provisioner.removal import condemn, end_orgs

if TYPE_CHECKING:
    from provisioner.salesforce.hub import DevHub


@dataclass(frozen=True)
class Reaped:
    """One org, why it is to end, and why it could not be ended (yet)."""

    org: Org
    reason: str
    left_because: str = ""


def to_reap(rows: Sequence[Org], now: datetime) -> list[Reaped]:
    """What `reap` would end, and why; unfinished orgs are the next build's affair."""
    found = [(org, _reason(org, now)) for org in rows]
    return [Reaped(org, reason) for org, reason in found if reason]


def _reason(org: Org, now: datetime) -> str:
    has_ended = org.expires_at is not None and org.expires_at <= now
    if org.state in TO_DELETE and (not org.kept or has_ended):
        first_line = org.error.partition("\n")[0]
        return f"{org.state}: {first_line}" if first_line else str(org.state)
    if org.state in (State.AVAILABLE, State.CLAIMED) and has_ended:
        return f"expired at {org.expires_at:%Y-%m-%d %H:%M} UTC"
    if org.state is State.CLAIMED and org.lease_until and org.lease_until <= now:
        return f"the lease of {org.owner} ended at {org.lease_until:%Y-%m-%d %H:%M} UTC"
    return ""


def reap(hub: DevHub, ledger: Ledger, found: Sequence[Reaped], now: datetime) -> list[Reaped]:
    """End them: two Dev Hub requests for all. An org that changed meanwhile is left alone."""
    reasons = {item.org.username: item.reason for item in found}
    condemned = [org for item in found if (org := condemn(ledger, item.org, item.reason, now=now))]
    if not condemned:
        return []
    outcome = end_orgs(hub, ledger, condemned)
    ended = [Reaped(org, reasons[org.username]) for org in outcome.ended]
    return ended + [Reaped(org, reasons[org.username], why) for org, why in outcome.left]

"""The queue of those who wait for an org: first come, first served, and who is whose turn.

A place in it is no lock. It is shown to be wanted by looking at the ledger again and again, by
the ledger's own clock; who stops looking (killed, frozen, cut off) is passed over, and has the
old place again when they come back soon. Wrong guesses cost somebody their turn, never an org:
a claim stays a compare-and-swap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioner.ledger.base import Claim, Org, State, Waiter

_NEVER = datetime.max.replace(tzinfo=UTC)
FORGOTTEN_AFTER = timedelta(hours=1)  # an abandoned place is removed


@dataclass(frozen=True)
class Pace:
    """How often those who wait look at a ledger, and when one who does not is passed over."""

    poll_every: float  # seconds
    abandoned_after: float  # seconds

    def is_here(self, waiter: Waiter, now: datetime) -> bool:
        """Whether somebody is still there who waits."""
        return (now - waiter.seen_at).total_seconds() <= self.abandoned_after

    def is_due(self, waiter: Waiter, now: datetime) -> bool:
        """Whether it is time to show again that one is there."""
        return (now - waiter.seen_at).total_seconds() >= self.abandoned_after / 4


def suits(org: Org, claim: Claim, now: datetime) -> bool:
    """Whether a claim may take an org."""
    if org.state is not State.AVAILABLE or (claim.pool and org.pool != claim.pool):
        return False
    if claim.username and claim.username.lower() != org.username.lower():
        return False
    if org.expires_at is None:
        return True
    return org.expires_at > now and (
        claim.usable_until is None or org.expires_at >= claim.usable_until
    )


def ahead_of(claim: Claim, waiters: Iterable[Waiter], pace: Pace, now: datetime) -> list[Waiter]:
    """Those of `waiters` (in the order in which they came) who are served before `claim`.

    Who does not wait is served after all who do. Whoever has gone is none of them.
    """
    found = []
    for waiter in waiters:
        if claim.waiter and waiter.id == claim.waiter:
            break
        if pace.is_here(waiter, now):
            found.append(waiter)
    return found


def left_for(
    claim: Claim, ahead: Sequence[Waiter], orgs: Iterable[Org], now: datetime
) -> list[Org]:
    """What `claim` may take of `orgs` when each before it has taken one; soonest to die first."""
    left = sorted(orgs, key=lambda org: org.expires_at or _NEVER)
    for waiter in ahead:
        taken = next((org for org in left if suits(org, waiter.claim, now)), None)
        if taken is not None:
            left.remove(taken)
    return [org for org in left if suits(org, claim, now)]

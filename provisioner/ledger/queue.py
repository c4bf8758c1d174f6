"""The queue of claims that wait for an org: first come, first served.

A place in the queue is not a lock. A waiting claim polls the ledger; the time of each poll, by the
ledger's clock, keeps its place. (On PostgreSQL a session does, and wakes the claim.) A claim that
stops polling (killed, stopped, disconnected) is skipped, and gets its old place back if it returns
soon. An error here costs a claim its turn, but
never gives one org to two owners: a claim is a compare-and-swap. See
docs/decisions/0008-queue-by-polling.md.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioner.ledger.base import Claim, Org, State, Waiter

_NEVER = datetime.max.replace(tzinfo=UTC)
FORGOTTEN_AFTER = timedelta(hours=1)  # after this, an abandoned place is deleted


@dataclass(frozen=True)
class Polling:
    """How often waiting claims poll, and when one that does not poll is skipped."""

    poll_every: float  # seconds
    abandoned_after: float  # seconds

    def wait(self, seconds: float) -> None:
        """Wait until the next poll, at most `seconds`."""
        pause = self.poll_every * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        time.sleep(min(seconds, pause))

    def is_active(self, waiter: Waiter, now: datetime) -> bool:
        """Whether the claim still polls."""
        return (now - waiter.seen_at).total_seconds() <= self.abandoned_after

    def needs_update(self, waiter: Waiter, now: datetime) -> bool:
        """Whether the time of the last poll is to be written again."""
        return (now - waiter.seen_at).total_seconds() >= self.abandoned_after / 4


def matches(org: Org, claim: Claim, now: datetime) -> bool:
    """Whether `claim` may take `org`."""
    if org.state is not State.AVAILABLE or (claim.pool and org.pool != claim.pool):
        return False
    if claim.username and claim.username.lower() != org.username.lower():
        return False
    if org.expires_at is None:
        return True
    return org.expires_at > now and (
        claim.usable_until is None or org.expires_at >= claim.usable_until
    )


def ahead_of(
    claim: Claim, waiters: Iterable[Waiter], polling: Polling, now: datetime
) -> list[Waiter]:
    """Those of `waiters` (in the order of their arrival) that are served before `claim`.

    A claim that does not wait is served after all of them. Abandoned places are skipped.
    """
    found = []
    for waiter in waiters:
        if claim.waiter and waiter.id == claim.waiter:
            break
        if polling.is_active(waiter, now):
            found.append(waiter)
    return found


def left_for(
    claim: Claim, ahead: Sequence[Waiter], orgs: Iterable[Org], now: datetime
) -> list[Org]:
    """The orgs for `claim` after each claim `ahead` has taken one; the soonest to expire first."""
    left = sorted(orgs, key=lambda org: org.expires_at or _NEVER)
    for waiter in ahead:
        taken = next((org for org in left if matches(org, waiter.claim, now)), None)
        if taken is not None:
            left.remove(taken)
    return [org for org in left if matches(org, claim, now)]

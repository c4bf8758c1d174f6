"""The queue of those who wait, in the tables of an SQL ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from provisioner.ledger import statements
from provisioner.ledger.base import Claim, Waiter
from provisioner.ledger.queue import FORGOTTEN_AFTER, Pace, ahead_of
from provisioner.ledger.rows import waiter_from, waiter_parameters
from provisioner.ledger.schema import Execute

PACE = Pace(look_every=1.0, abandoned_after=10.0)


def waiters(execute: Execute) -> list[Waiter]:
    """All places, those of people who are gone among them."""
    return [waiter_from(row) for row in execute(statements.WAITERS, {})]


def those_before(
    execute: Execute, claim: Claim, clock: Callable[[], datetime], pace: Pace
) -> list[Waiter]:
    """Who is served before `claim`, which takes its place, or shows that it keeps it.

    `clock` is asked only when there is a queue: it may cost a request.
    """
    found = waiters(execute)
    if not found and not claim.waiter:
        return []
    now = clock()
    if claim.waiter:
        _show(execute, claim, found, now, pace)
    return ahead_of(claim, found, pace, now)


def _show(execute: Execute, claim: Claim, found: list[Waiter], now: datetime, pace: Pace) -> None:
    """Join, with what is long abandoned removed; or say now and then that one is there."""
    own = next((waiter for waiter in found if waiter.id == claim.waiter), None)
    if own is None:
        for waiter in found:
            if now - waiter.seen_at > FORGOTTEN_AFTER:
                execute(statements.FORGET_WAITER, {"id": waiter.id})
        own = Waiter(claim.waiter, claim, since=now, seen_at=now)
    elif not pace.is_due(own, now):
        return
    own = replace(own, claim=claim, seen_at=now)
    execute(statements.SHOW_WAITER, waiter_parameters(own))

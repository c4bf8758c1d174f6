"""Estimates when the next org of a pool becomes available, from how long earlier orgs took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from provisioner.declare.duration import format_duration
from provisioner.ledger.base import UNFINISHED, Org


def next_available(orgs: Iterable[Org], now: datetime, *, after: int) -> datetime | None:
    """When the org becomes available that is built after `after` others.

    None when fewer are being built, or no org of the pool has been completed yet.
    """
    orgs = list(orgs)
    took = sorted(
        org.available_at - org.created_at for org in orgs if org.available_at and org.created_at
    )
    if not took:
        return None
    median = took[len(took) // 2]
    expected = sorted(
        max(now, org.created_at + median)
        for org in orgs
        if org.state in UNFINISHED and org.created_at
    )
    return expected[after] if after < len(expected) else None


def estimate_text(expected: datetime, now: datetime) -> str:
    """`about 06:42 UTC, in 8m`, or `any minute`."""
    left = expected - now
    if left < timedelta(minutes=1):
        return "any minute"
    minutes = timedelta(minutes=round(left.total_seconds() / 60))
    return f"about {expected:%H:%M} UTC, in {format_duration(minutes)}"

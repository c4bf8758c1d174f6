"""When the next scratch org of a pool will be available, by how long the others took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from provisioner.declare.duration import format_duration
from provisioner.ledger.base import UNFINISHED, Org


def next_due(orgs: Iterable[Org], now: datetime, *, after: int) -> datetime | None:
    """When one of the orgs under construction is due: the one `after` so many others.

    None when fewer are being built, or none of the pool's orgs tells how long it takes.
    """
    orgs = list(orgs)
    took = sorted(
        org.available_at - org.created_at for org in orgs if org.available_at and org.created_at
    )
    if not took:
        return None
    usual = took[len(took) // 2]
    due = sorted(
        max(now, org.created_at + usual)
        for org in orgs
        if org.state in UNFINISHED and org.created_at
    )
    return due[after] if after < len(due) else None


def due_text(due: datetime, now: datetime) -> str:
    """`about 06:42 UTC, in 8m`, or `any minute`."""
    left = due - now
    if left < timedelta(minutes=1):
        return "any minute"
    minutes = timedelta(minutes=round(left.total_seconds() / 60))
    return f"about {due:%H:%M} UTC, in {format_duration(minutes)}"

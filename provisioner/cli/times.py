"""Formats times for users: the time in UTC, and how long until then or since then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.ledger.base import Org

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


def moment(at: datetime, now: datetime) -> str:
    """`2026-11-26 02:00 UTC (in 1d 4h)`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({relative(at, now)})"


def relative(at: datetime, now: datetime) -> str:
    """`in 1d 4h`, `3m ago`, `now`: the two largest units."""
    length = span(abs(at - now))
    if not length:
        return "now"
    return f"in {length}" if at > now else f"{length} ago"


def span(length: timedelta) -> str:
    """`1d 4h`, rounded down; "" for less than a minute."""
    left = int(length.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        amount, left = divmod(left, seconds)
        parts.append((amount, unit))
    first = next((index for index, (amount, _) in enumerate(parts) if amount), len(parts))
    return " ".join(f"{amount}{unit}" for amount, unit in parts[first : first + 2] if amount)


def lease_end(org: Org, now: datetime) -> str:
    """The end of a claim of `org`, with a note if it is the org's expiry; "" if unknown."""
    until = org.lease_until or org.expires_at
    if until is None:
        return ""
    is_whole = org.expires_at is not None and until >= org.expires_at
    return moment(until, now) + (", when the org expires" if is_whole else "")

"""Moments as people read them: `in 3 h`, with the exact time at hand."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def iso(at: datetime) -> str:
    """`2026-11-28T07:00:00Z`, as the element `time` takes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def exact(at: datetime) -> str:
    """`2026-11-28 07:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def distance(at: datetime, now: datetime) -> str:
    """`in 3 h 20 min`, `2 d ago`, `just now`."""
    seconds = (at - now).total_seconds()
    text = _span(abs(seconds))
    if not text:
        return "just now"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def _span(seconds: float) -> str:
    """The two largest units; "" for less than a minute."""
    left, parts = int(seconds), []
    for length, unit in _UNITS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])

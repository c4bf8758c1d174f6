"""Durations as they are written: `20h`, `10m`, `2d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

EXPECTED = "a duration like 20h, 90m, 2d or 1h30m"

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WHOLE = re.compile(
    r"(?:(\d{1,10})w)?(?:(\d{1,10})d)?(?:(\d{1,10})h)?(?:(\d{1,10})m)?(?:(\d{1,10})s)?"
)
PATTERN = r"(?=\d)(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?"
"""The same for the JSON schema."""


def parse_duration(text: str) -> timedelta:
    """The duration that `text` means; units w, d, h, m, s, the larger ones first.

    Raises ValueError, which says what to write, for anything else (also a bare number).
    """
    match = _WHOLE.fullmatch(text)
    if match is None or not text.isascii() or not any(match.groups()):
        raise ValueError(_advice(text))
    amounts = zip(match.groups(), _UNITS.values(), strict=True)
    try:
        return timedelta(seconds=sum(int(amount) * unit for amount, unit in amounts if amount))
    except OverflowError:
        raise ValueError(f"{_short(text)} is too long; write a shorter duration") from None


def format_duration(duration: timedelta) -> str:
    """The shortest way to write `duration`, whole seconds: `1d12h`, `0s`."""
    left = int(duration.total_seconds())
    parts = []
    for unit in "dhms":
        amount, left = divmod(left, _UNITS[unit])
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def _advice(text: str) -> str:
    if text.isascii() and text.isdigit():
        return f"{_short(text)} has no unit; write {EXPECTED}"
    clock = re.fullmatch(r"(\d{1,4}):(\d{2})", text)
    if clock:
        return f"{text} is a time of day; write {int(clock[1])}h{int(clock[2])}m"
    return f"must be {EXPECTED} (got {_short(text)!r})"


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:24]}…"

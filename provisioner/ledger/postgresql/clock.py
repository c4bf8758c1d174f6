"""The time of the server, without a question for each of many claims."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

_KNOWN_FOR = 1.0  # seconds; a server whose clock is set anew is followed after that


class ServerClock:
    """The server's time of a moment ago, and how long ago that is by the boot clock."""

    def __init__(self) -> None:
        self._read: tuple[float, datetime] | None = None

    def now(self) -> datetime | None:
        """The server's time; None when it was last asked too long ago."""
        if self._read is None:
            return None
        at, then = self._read
        passed = _boot_time() - at
        return then + timedelta(seconds=passed) if passed < _KNOWN_FOR else None

    def set(self, now: datetime) -> datetime:
        """The server has just said that it is `now`."""
        self._read = (_boot_time(), now)
        return now


def _boot_time() -> float:
    """Seconds of a clock that also runs while the machine is suspended, and never jumps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)

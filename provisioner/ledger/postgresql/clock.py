"""The time of the server, without a question for each of many claims."""

from __future__ import annotations

from datetime import datetime, timedelta

from provisioner.ledger.boot_time import boot_time

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
        passed = boot_time() - at
        return then + timedelta(seconds=passed) if passed < _KNOWN_FOR else None

    def set(self, now: datetime) -> datetime:
        """The server has just said that it is `now`."""
        self._read = (boot_time(), now)
        return now

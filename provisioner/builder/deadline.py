"""A deadline that is computed from a time in the ledger, so that a restart does not extend it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Deadline:
    """Something may take `limit` seconds, counted from a time that is in the row of an org.

    The wall clock is read only once, when a process takes the row over: it gives the time that has
    passed until then (`earlier`). From then on a monotonic clock counts, so that nothing fails when
    somebody sets the wall clock during a build.
    """

    limit: float  # seconds
    earlier: float = 0.0  # seconds that had passed when this process took the row over
    time_scale: float = 1.0  # of this build; ages and limits are in seconds of a build at scale 1
    _started: float = field(default_factory=time.monotonic)

    @classmethod
    def since(
        cls, start: datetime | None, now: datetime, limit: float, *, time_scale: float = 1.0
    ) -> Deadline:
        """Counted from `start`; from `now` when `start` is unknown or in the future."""
        passed = (now - start).total_seconds() if start else 0.0
        return cls(limit, max(0.0, passed), time_scale)

    @property
    def age(self) -> float:
        """Seconds that have passed."""
        return (self.earlier + time.monotonic() - self._started) / self.time_scale

    @property
    def has_passed(self) -> bool:
        """Whether it took longer than the limit."""
        return self.age > self.limit

"""How long something has lasted, over the builds that took it up: a deadline outlives a restart."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Stopwatch:
    """Seconds since a beginning that stands in the ledger.

    The wall clock counts only once, when a process takes the row up: what has passed until then.
    From there on a clock counts that does not jump, so that setting the wall clock in the middle
    of a build ends nothing.
    """

    earlier: float = 0.0  # seconds that had passed before
    _begun: float = field(default_factory=time.monotonic)

    @classmethod
    def since(cls, beginning: datetime | None, now: datetime) -> Stopwatch:
        """From `beginning` on; from `now` when none is known, or it is in the future."""
        passed = (now - beginning).total_seconds() if beginning else 0.0
        return cls(max(0.0, passed))

    def seconds(self) -> float:
        """How long it has lasted."""
        return self.earlier + time.monotonic() - self._begun

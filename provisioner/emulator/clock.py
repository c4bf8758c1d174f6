"""Time in the emulated world: real time from a start, run faster by a factor."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


class Clock:
    """World time. It starts at the real time and runs `speed` times as fast; tests advance it."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()
        self._skipped = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """World time, aware, UTC."""
        with self._lock:
            elapsed = timedelta(seconds=(time.monotonic() - self._origin) * self.speed)
            return self._start + elapsed + self._skipped

    def advance(self, seconds: float) -> None:
        """Let world time jump ahead."""
        with self._lock:
            self._skipped += timedelta(seconds=seconds)


@dataclass
class Progression:
    """Something slow: states that follow each other in time, at most one a look.

    A client that polls sees every state whatever the speed: a state whose time is over gives
    way to the next at the next look, never to the one after it. With `instant` the last state
    is there at the first look (for benchmarks of a platform on which nothing takes time).
    """

    clock: Clock
    states: Sequence[str]
    durations: Sequence[float]  # seconds of world time in each state but the last
    instant: bool = False
    _index: int = 0
    _entered: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._entered = self.clock.now()
        if self.instant:
            self._index = len(self.states) - 1

    def look(self) -> str:
        """The state now; moves on by at most one."""
        if self._index < len(self.states) - 1:
            due = self._entered + timedelta(seconds=self.durations[self._index])
            if self.clock.now() >= due:
                self._index += 1
                self._entered = due
        return self.states[self._index]

    @property
    def is_over(self) -> bool:
        """Whether the last state has been reached (by a look)."""
        return self._index == len(self.states) - 1

"""Time in the emulated world: real time from a start, multiplied by a factor."""

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
        """Advance world time."""
        with self._lock:
            self._skipped += timedelta(seconds=seconds)


@dataclass
class Progression:
    """An operation that takes time: states in sequence, at most one change per poll.

    A client that polls sees every state, whatever the time scale: when the duration of a state is
    over, the next poll returns the following state, and never skips one. With `instant` the first
    poll returns the last state (for benchmarks without delays).
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

    def poll(self) -> str:
        """The current state; advances by at most one."""
        if self._index < len(self.states) - 1:
            due = self._entered + timedelta(seconds=self.durations[self._index])
            if self.clock.now() >= due:
                self._index += 1
                self._entered = due
        return self.states[self._index]

    @property
    def is_over(self) -> bool:
        """Whether a poll has returned the last state."""
        return self._index == len(self.states) - 1

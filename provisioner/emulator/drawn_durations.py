"""The durations that were drawn, and the generators that draw them."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass

MOST_KEPT = 100_000  # the newest draws


@dataclass(frozen=True)
class Drawn:
    """One draw: `seconds` of world time for a state of an operation in an org."""

    username: str  # of the scratch org; "": not of one
    operation: str
    state: str
    seconds: float


class DrawnDurations:
    """Draws durations, and keeps them for the control plane.

    Each scratch org has a generator of its own, seeded with the number of its sign-up: the n-th org
    draws the same durations in each world with this seed, in whatever order requests arrive.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._shared = random.Random(f"latencies {seed}")  # noqa: S311 - a simulation
        self._generators: dict[str, random.Random] = {}  # by username
        self._drawn: deque[Drawn] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()

    def draw(self, username: str, operation: str, state: str, ends: tuple[float, float]) -> float:
        """A duration between `ends`, for the org that was signed up with `username`."""
        with self._lock:
            seconds = self._generator(username.lower()).uniform(*ends)
            self._drawn.append(Drawn(username.lower(), operation, state, seconds))
        return seconds

    def all(self) -> list[Drawn]:
        """The draws, oldest first."""
        with self._lock:
            return list(self._drawn)

    def _generator(self, username: str) -> random.Random:
        """The generator of an org; that of everything else for ""."""
        if not username:
            return self._shared
        seed = f"latencies {self._seed} org {len(self._generators)}"
        return self._generators.setdefault(username, random.Random(seed))  # noqa: S311

"""Durations of the platform's slow operations, and the time scale by which they are divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from provisioner.emulator import typed
from provisioner.emulator.clock import Clock, Progression
from provisioner.emulator.drawn_durations import DrawnDurations

Range = tuple[float, float]

DEFAULTS: dict[str, Range] = {
    # seconds, from docs/reference/durations.md: typical ranges, without outliers
    "signup.New": (5, 15),
    "signup.Creating": (30, 165),
    "app_latency.Unknown": (60, 300),  # of a deployed app
    "app_latency.NotApproved": (60, 300),
    "propagation": (0, 0),  # Active, but its users cannot log in yet; 0-60 s on the platform
    "snapshot.New": (10, 30),
    "snapshot.In Progress": (240, 480),
    "package_install": (30, 120),
    "retrieve.Pending": (1, 3),
    "retrieve.InProgress": (2, 15),
    "deploy.Pending": (1, 5),
    "deploy.InProgress": (10, 50),
    "deploy.Finalizing": (1, 5),
    "permission_set_group.Outdated": (1, 2),
    "permission_set_group.Updating": (1, 3),
    "apex_tests.Queued": (1, 5),
    "apex_tests.Processing": (2, 20),
    "bulk.UploadComplete": (1, 5),
    "bulk.InProgress": (5, 40),
}


class Latencies:
    """Durations in seconds by operation, drawn from seeded generators.

    `speed` divides every duration, but not calendar time such as a session's two hours, because
    the clocks of clients are not scaled. With `instant` the first poll sees the last state.
    `overrides` replaces ranges by name; a name may be an operation without its state ("signup"),
    which then applies to each of its states.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        seed: int = 0,
        instant: bool = False,
        overrides: Mapping[str, Range | float] | None = None,
    ) -> None:
        self.speed = speed
        self.instant = instant
        self.drawn = DrawnDurations(seed)
        self._ranges: dict[str, Range] = dict(DEFAULTS)
        self.override(overrides or {})

    def override(self, ranges: Mapping[str, Range | float]) -> None:
        """Replace ranges; a single number is a fixed duration. Unknown names are added.

        Raises ValueError for an invalid range.
        """
        given = [
            (name, *_range(name, value))
            for name, value in typed.mapping(ranges, "latencies").items()
        ]
        for name, low, high in given:
            for known in [name, *(key for key in self._ranges if key.startswith(f"{name}."))]:
                self._ranges[known] = (low, high)

    def ranges(self) -> dict[str, Range]:
        """All current ranges, in seconds before division by `speed`."""
        return dict(self._ranges)

    def duration(self, operation: str, state: str = "", *, of: str = "") -> float:
        """Seconds of world time for an operation, or for one of its states.

        `of` is the username of the scratch org in which it runs: see DrawnDurations.
        """
        names = (f"{operation}.{state}", operation) if state else (operation,)
        low, high = next((self._ranges[name] for name in names if name in self._ranges), (0, 0))
        return self.drawn.draw(of, operation, state, (low / self.speed, high / self.speed))

    def delay(self, operation: str, *, of: str = "") -> timedelta:
        """The duration of an operation without states; none when `instant`."""
        return timedelta(seconds=0 if self.instant else self.duration(operation, of=of))

    def progression(
        self, clock: Clock, operation: str, states: Sequence[str], *, of: str = ""
    ) -> Progression:
        """A progression through `states`, each but the last with its duration."""
        durations = [self.duration(operation, state, of=of) for state in states[:-1]]
        return Progression(clock, states, durations, instant=self.instant)


def _range(name: str, value: object) -> Range:
    ends = list(value) if isinstance(value, tuple | list) else [value, value]
    if len(ends) != 2:
        raise ValueError(f"{name} must be a number of seconds or a pair of them")
    low, high = (float(typed.number(one, name)) for one in ends)
    return low, high

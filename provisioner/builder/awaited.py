"""An operation that a step of one org awaits, and the phases in which it was seen. Memory only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Phase:
    """A phase; `since`: when a poll has found it."""

    name: str  # "": from the start of the operation
    since: float


@dataclass
class AwaitedOperation:
    """An operation that is polled. All times are those of time.monotonic."""

    name: str
    since: float  # when it was requested
    polled: float  # when its state was read last
    phase: str = ""  # in which it was then
    phases: list[Phase] = field(default_factory=list)
    gap: float = 0.0  # seconds between the last two polls
    is_new_phase: bool = False  # the last poll has found another phase than the one before

    def __post_init__(self) -> None:
        self.phases.append(Phase("", self.since))

    def poll(self, phase: str, now: float) -> None:
        """A poll has found that it is not over, and in which phase it is."""
        self.is_new_phase = phase != self.phase
        if self.is_new_phase:
            self.phase = phase
            self.phases.append(Phase(phase, now))
        self.gap, self.polled = now - self.polled, now

    def durations(self, now: float) -> list[tuple[str, float]]:
        """Phase and the seconds since it was found, after a poll has found that all is over.

        It ended between two polls: half way counts.
        """
        ended = (self.polled + now) / 2
        return [(one.name, ended - one.since) for one in self.phases if ended > one.since]

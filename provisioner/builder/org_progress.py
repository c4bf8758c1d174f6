"""What this process knows of an org beyond its row; a kill loses it without harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner.declare.duration import format_duration
from provisioner.errors import ErrorKind
from provisioner.ledger.base import Org
from provisioner.steps.base import Pending, StepFailed

if TYPE_CHECKING:
    from provisioner.builder.awaited import AwaitedOperation
    from provisioner.builder.deadline import Deadline
    from provisioner.builder.step_list import ListedStep

LONGEST_INTERVAL = 15.0  # seconds between two logins


@dataclass
class OrgProgress:
    """An org on its way through its steps, in this process."""

    org: Org
    login_window: Deadline
    deadline: Deadline | None = None  # of the current step; None until it runs in this process
    memory: dict[str, Any] = field(default_factory=dict)  # of the current step
    failed: set[str] = field(default_factory=set)  # calls whose retries are used up
    current: str = "steps"  # the current step, as reports call it
    awaited: AwaitedOperation | None = None  # that the current step polls
    note: str = ""  # how far the current step is, as it was reported last
    is_continued: bool = False  # an earlier build began the current step

    def end_step(self, leaves: Mapping[str, Any] | None = None) -> None:
        """Drop what this process knows of the current step, and end what it has started.

        The next step gets what this one `leaves`.
        """
        for value in self.memory.values():
            if close := getattr(value, "close", None):
                close()
        self.memory = dict(leaves or {})
        self.awaited = None
        self.deadline = None
        self.note = ""
        self.is_continued = False

    def has_retry(self, step: ListedStep) -> bool:
        """Whether `retry` of the step allows another attempt, within its time."""
        is_late = self.deadline is not None and self.deadline.has_passed
        return self.org.attempts < step.retry and not is_late


def in_time(deadline: Deadline, outcome: Pending) -> None:
    """Raises StepFailed after the deadline of a step that is not finished."""
    if deadline.has_passed:
        limit = format_duration(timedelta(seconds=deadline.limit))
        note = f": {outcome.note}" if outcome.note else ""
        raise StepFailed(f"not finished after {limit}{note}", kind=ErrorKind.REPLACE)

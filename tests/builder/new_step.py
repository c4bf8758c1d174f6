"""A kind of step that is added as CONTRIBUTING.md says: one module, one line in `STEPS`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from provisioner.declare.options import option
from provisioner.steps.base import Done, Outcome, Pending, StartAgain, StepContext


@dataclass(frozen=True)
class Polled:
    """How often the step was polled."""

    times: int

    def text(self) -> str:
        """`polled 3`."""
        return f"polled {self.times}"


@dataclass(frozen=True, kw_only=True)
class PollTimes:
    """Polls some times, then is done.

    Safe to run twice: it changes nothing.
    """

    kind: ClassVar[str] = "poll_times"
    shorthand: ClassVar[str] = "times"

    times: int = option("how often it is polled", minimum=1, example=3)

    def start(self, context: StepContext) -> Outcome:
        """Nothing but the first state."""
        return Pending(Polled(0), wait=0.01)

    def poll(self, context: StepContext, state: Polled | StartAgain) -> Outcome:
        """Count up to `times`."""
        if isinstance(state, StartAgain):
            return self.start(context)
        if state.times == self.times:
            return Done(f"polled {state.times} times")
        return Pending(Polled(state.times + 1), wait=0.01)

    def read_state(self, text: str) -> Polled | StartAgain:
        """The number of polls; any other text starts the step again, which is safe."""
        match = re.fullmatch(r"polled (\d{1,6})", text)
        return Polled(int(match[1])) if match else StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The number."""
        yield str(self.times).encode()

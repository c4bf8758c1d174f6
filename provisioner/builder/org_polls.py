"""Keeps what the current step of an org awaits, and asks when to poll it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.builder.awaited import AwaitedOperation
from provisioner.builder.poll_times import Stage

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.org_progress import OrgProgress
    from provisioner.builder.step_list import ListedStep, StepLists
    from provisioner.steps.base import Pending


class OrgPolls:
    """The polls of the steps of all orgs."""

    def __init__(self, context: BuildContext, lists: StepLists) -> None:
        self._times = context.poll_times
        self._scale = context.options.time_scale
        self._lists = lists

    def wait(self, progress: OrgProgress, step: ListedStep, outcome: Pending) -> float:
        """Seconds until the step is polled again; 0 for one that only lets other orgs run."""
        if not outcome.wait:
            return 0.0
        operation, now = progress.awaited, self._times.now()
        if operation is not None and operation.name == outcome.operation:
            operation.poll(outcome.phase, now)
        else:
            earlier = 0.0
            if operation is not None:
                self._times.step_ended(self._stage(progress, step), operation)
            elif progress.is_continued and progress.deadline is not None:
                earlier = progress.deadline.age * self._scale
            operation = AwaitedOperation(outcome.operation, now - earlier, now, outcome.phase)
            progress.awaited = operation
        declared = outcome.wait * self._scale
        return self._times.step(self._stage(progress, step), operation, declared)

    def ended(self, progress: OrgProgress, step: ListedStep) -> None:
        """The step is done: learn how long it took."""
        if progress.awaited is not None:
            self._times.step_ended(self._stage(progress, step), progress.awaited)

    def _stage(self, progress: OrgProgress, step: ListedStep) -> Stage:
        org = progress.org
        later = self._lists.of(org)[org.step + 1 :]
        return Stage(org.username, org.pool, step.name, [one.name for one in later])

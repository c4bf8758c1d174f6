"""A build on a simulated clock: real decisions about polls, drawn durations, no requests."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from provisioner.builder.awaited import AwaitedOperation
from provisioner.builder.history import History, PastBuilds
from provisioner.builder.poll_times import PendingStage, PollTimes, Stage

SIGN_UP = "sign-up"
Ranges = Mapping[str, tuple[float, float]]  # step → seconds; the sign-up is the first


@dataclass
class _Past:
    history: History


@dataclass
class SimulatedBuild:
    """`orgs` with at most `slots` sign-ups at a time; `scale` multiplies all durations."""

    ranges: Ranges
    orgs: int
    slots: int
    seed: int = 0
    scale: float = 1.0
    past: History = field(default_factory=lambda: History({}, 0))
    now: float = 0.0
    hub_polls: int = 0
    org_polls: int = 0
    measured: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        self._steps = [*self.ranges][1:]
        self._durations = [
            {step: chance.uniform(*ends) * self.scale for step, ends in self.ranges.items()}
            for _ in range(self.orgs)
        ]
        self._times = PollTimes(cast("PastBuilds", _Past(self.past)), clock=lambda: self.now)
        self._queue = list(range(self.orgs))
        self._pending: dict[int, float] = {}  # org → since when
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def run(self) -> SimulatedBuild:
        """Until the last org is ready."""
        self._send()
        self._plan_poll()
        while self._due:
            self.now, _, act = heapq.heappop(self._due)
            act()
        return self

    @property
    def lower_bound(self) -> float:
        """Seconds without any lateness."""
        free, ends = [0.0] * self.slots, []
        for org in self._durations:
            active = heapq.heappop(free) + org[SIGN_UP]
            heapq.heappush(free, active)
            ends.append(active + sum(org[step] for step in self._steps))
        return max(ends)

    @property
    def history(self) -> History:
        """What the next build knows of this one."""
        return History({("pool", step): found for step, found in self.measured.items()}, 1)

    def _after(self, wait: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + wait, next(self._order), act))

    def _send(self) -> None:
        while self._queue and len(self._pending) < self.slots:
            self._pending[self._queue.pop(0)] = self.now
        self._times.queue(len(self._queue), self.slots)

    def _plan_poll(self) -> None:
        if self._pending:
            stages = [
                PendingStage(Stage(str(org), "pool", later=self._steps), self.now - since)
                for org, since in self._pending.items()
            ]
            self._after(self._times.sign_ups(stages, self.scale), self._poll)

    def _poll(self) -> None:
        self.hub_polls += 1
        for org, since in [*self._pending.items()]:
            if self.now - since >= self._durations[org][SIGN_UP]:
                del self._pending[org]
                self._times.sign_up_ended("pool", self.now - since)
                self.measured[SIGN_UP].append(self.now - since)
                self._start(org, 0)
        self._send()
        self._plan_poll()

    def _start(self, org: int, number: int) -> None:
        if number == len(self._steps):
            self._times.leave(str(org))
        else:
            self._await(org, number, AwaitedOperation("", self.now, self.now))

    def _await(self, org: int, number: int, operation: AwaitedOperation) -> None:
        stage = Stage(str(org), "pool", self._steps[number], self._steps[number + 1 :])

        def poll() -> None:
            self.org_polls += 1
            if self.now - operation.since >= self._durations[org][stage.step]:
                self._times.step_ended(stage, operation)
                self.measured[stage.step].append(self.now - operation.since)
                self._start(org, number + 1)
            else:
                operation.poll("", self.now)
                self._await(org, number, operation)

        self._after(self._times.step(stage, operation, self.scale), poll)

"""Decides when steps and sign-ups are polled next, by what this build and past builds have seen.

Polls are frequent where an end is likely and the whole build waits for it, and rare elsewhere; the
rules are in `provisioner.builder.next_poll`. All seconds are those of the clock on the wall.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.builder.durations_seen import SIGN_UP, DurationsSeen, Kind
from provisioner.builder.next_poll import Awaited, next_poll, price, weight

if TYPE_CHECKING:
    from provisioner.builder.awaited import AwaitedOperation
    from provisioner.builder.history import PastBuilds

FRESH = 0.005  # of the rest of the build: how long an estimate of its end is used
ALMOST = 0.99  # of the first wait: it is over
DISTRUST = 3.0
"""Times the age of an operation, or what such operations have taken tonight: until the next poll at
most. Past builds may have been ten times as slow."""
BETWEEN = 3.0  # usual durations that are at most between two polls


@dataclass(frozen=True)
class Stage:
    """Where an org is: its pool, its step, and the steps after that."""

    username: str
    pool: str
    step: str = SIGN_UP
    later: Sequence[str] = ()


@dataclass(frozen=True)
class PendingStage:
    """An org whose sign-up was sent `age` seconds ago."""

    stage: Stage
    age: float


class PollTimes:
    """What is known of durations, and where all orgs of a build are. Safe to use from threads."""

    def __init__(
        self, past: PastBuilds, sign_up: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`sign_up`: the seconds of one that a probe has measured; 0: unknown."""
        self.now = clock
        self._seen = DurationsSeen(past, sign_up)
        self._lock = threading.RLock()
        self._start = clock()
        self._ready: dict[str, float] = {}  # when orgs in their steps are expected to be ready
        self._pending: Sequence[tuple[Stage, float]] = ()  # sign-ups, and since when
        self._waiting, self._slots = 0, 1
        self._orgs: set[str] = set()  # all that were in the build
        self._end, self._end_is_fresh_until = 0.0, -math.inf

    def queue(self, waiting: int, slots: int) -> None:
        """So many orgs wait until one of `slots` sign-ups has ended."""
        with self._lock:
            self._waiting, self._slots = waiting, slots

    def leave(self, username: str) -> None:
        """An org is in no step any more."""
        with self._lock:
            self._ready.pop(username, None)

    def step_ended(self, stage: Stage, operation: AwaitedOperation) -> None:
        """A poll has found that an operation of a step has ended well."""
        with self._lock:
            for phase, seconds in operation.durations(self.now()):
                self._seen.add(Kind(stage.pool, stage.step, operation.name, phase), seconds)

    def sign_up_ended(self, pool: str, seconds: float) -> None:
        """A sign-up took so long."""
        with self._lock:
            self._seen.add(Kind(pool, SIGN_UP), seconds)

    def step(self, stage: Stage, operation: AwaitedOperation, declared: float) -> float:
        """Seconds until the next poll of a step, whose own first wait is `declared`."""
        with self._lock:
            now = self.now()
            age, awaited = now - operation.since, self._awaited(stage, operation, now)
            duration = age + awaited.remaining
            ready = now + awaited.remaining + self._rest(stage)
            self._ready[stage.username] = ready
            self._orgs.add(stage.username)
            is_same_phase = not operation.is_new_phase
            if not awaited.durations and is_same_phase and age < ALMOST * declared:
                return declared - age
            end = self._build_end(now)
            matters, is_known = weight(end - ready, end - self._start), awaited.is_known
            whole = (end - self._start) * self._left()
            worth = price(matters, whole, duration, is_known=is_known)
            longest = BETWEEN * duration if is_known else max(age, declared)
            if operation.is_new_phase and not self._seen.likely(self._kind(stage, operation)):
                longest = operation.gap / 2
            usual = self._seen.tonight(Kind(stage.pool, stage.step, operation.name))
            longest = min(longest, max(declared, DISTRUST * max(age, usual)))
            return next_poll([awaited], worth, longest)

    def sign_ups(self, pending: Sequence[PendingStage], declared: float) -> float:
        """Seconds until the next poll of all pending sign-ups; the first one is `declared`."""
        with self._lock:
            now = self.now()
            self._pending = [(one.stage, now - one.age) for one in pending]
            self._end_is_fresh_until = now
            whole = self._build_end(now) - self._start
            operations = [self._awaited_sign_up(one, now) for one in pending]
            oldest = max(pending, key=lambda one: one.age).age
            is_known = any(one.is_known for one in operations)
            if not is_known and oldest < ALMOST * declared:
                return declared - oldest
            all_weights = sum(one.weight for one in operations)
            shares = [replace(one, weight=one.weight / all_weights) for one in operations]
            duration = max(one.age + one.remaining for one in operations)
            worth = price(1.0, whole * self._left(), duration, is_known=is_known)
            longest = BETWEEN * duration if is_known else oldest
            usual = max(self._seen.tonight(Kind(o.stage.pool, SIGN_UP)) for o in pending)
            longest = min(longest, max(declared, DISTRUST * max(oldest, usual)))
            return next_poll(shares, worth, longest)

    def _kind(self, stage: Stage, operation: AwaitedOperation) -> Kind:
        return Kind(stage.pool, stage.step, operation.name, operation.phases[-1].name)

    def _awaited(self, stage: Stage, operation: AwaitedOperation, now: float) -> Awaited:
        """By the durations since the current phase, or else since the start."""
        if of_phase := self._seen.likely(self._kind(stage, operation)):
            return Awaited(now - operation.phases[-1].since, of_phase)
        whole = Kind(stage.pool, stage.step, operation.name)
        return Awaited(now - operation.since, self._seen.likely(whole))

    def _awaited_sign_up(self, one: PendingStage, now: float) -> Awaited:
        """While others wait for their sign-ups, all pending ones matter equally."""
        awaited = Awaited(one.age, self._seen.likely(Kind(one.stage.pool, SIGN_UP)))
        if self._waiting:
            return awaited
        slack = self._end - now - awaited.remaining - self._rest(one.stage)
        return replace(awaited, weight=weight(slack, self._end - self._start))

    def _left(self) -> float:
        """The part of the orgs that are not ready: polls of the last ones are few in all."""
        unfinished = len(self._ready) + len(self._pending) + self._waiting
        return min(1.0, unfinished / max(1, len(self._orgs) + len(self._pending) + self._waiting))

    def _rest(self, stage: Stage) -> float:
        return sum(self._seen.mean(stage.pool, step) for step in stage.later)

    def _build_end(self, now: float) -> float:
        """When the last org is expected to be ready; kept for a while, because it is costly."""
        if now >= self._end_is_fresh_until:
            ends = [now, *self._ready.values()]
            for stage, since in self._pending:
                likely = self._seen.likely(Kind(stage.pool, SIGN_UP))
                ends.append(now + Awaited(now - since, likely).remaining + self._rest(stage))
            if self._waiting and self._pending:
                stage = self._pending[0][0]
                rounds = math.ceil(self._waiting / self._slots)
                sign_ups = rounds * self._seen.mean(stage.pool, SIGN_UP)
                ends.append(now + sign_ups + self._rest(stage))
            self._end = max(ends)
            self._end_is_fresh_until = now + FRESH * (self._end - now)
        return self._end

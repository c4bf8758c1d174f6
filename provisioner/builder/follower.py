"""Follows a build, and gives an overview of it at any moment. It makes no request."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.causes import causes, step_locations
from provisioner.builder.forecast import SIGN_UP, Chain, Unknown, finish_times
from provisioner.builder.overview import OrgOverview, Overview, PoolOverview
from provisioner.ledger.base import State

if TYPE_CHECKING:
    from provisioner.builder.circuit_breaker import CircuitBreaker
    from provisioner.builder.events import OrgEvent
    from provisioner.builder.history import History
    from provisioner.builder.progress import BuildProgress
    from provisioner.builder.signup_queue import SignUpQueue
    from provisioner.builder.step_times import StepTimes
    from provisioner.config.model import PoolFile
    from provisioner.plan import PoolPlan

CANARY = "the canary"
ENOUGH = 100_000  # sign-ups a day; more means that the Dev Hub's limits are unknown


@dataclass
class _Seen:
    event: OrgEvent
    started: float
    since: float


@dataclass
class _Planned:
    size: int
    available: int
    failed: int = 0
    steps: tuple[str, ...] = field(default=())


class Follower:
    """Follows a build. Safe to use from several threads."""

    def __init__(
        self,
        config: PoolFile,
        progress: BuildProgress,
        breaker: CircuitBreaker,
        times: StepTimes,
        past: History,
        requests: Callable[[], Mapping[str, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._progress = progress
        self._breaker = breaker
        self._times = times
        self._past = past
        self._requests = requests
        self._clock = clock
        self._locations = step_locations(config)
        self._started = clock()
        self._seen: dict[str, _Seen] = {}
        self._planned: dict[str, _Planned] = {}
        self._queue: SignUpQueue | None = None

    def plan(self, plans: Sequence[PoolPlan], queue: SignUpQueue) -> None:
        """The build has planned, and `queue` has what waits for its sign-up."""
        with self._progress.lock:
            self._queue = queue
            self._planned = {
                plan.pool: _Planned(
                    plan.size,
                    len(plan.available) + len(plan.outdated),  # both can be claimed
                    steps=(
                        "settings",
                        *(entry.title for entry in self._config.pools[plan.pool].steps),
                        "verification",
                    ),
                )
                for plan in plans
            }

    def observe(self, event: OrgEvent) -> None:
        """Something happened to an org."""
        now = self._clock()
        with self._progress.lock:
            if event.state in (State.AVAILABLE, State.FAILED):
                self._seen.pop(event.username, None)
                if event.state is State.FAILED and event.pool in self._planned:
                    self._planned[event.pool].failed += 1
                return
            seen = self._seen.setdefault(event.username, _Seen(event, now, now))
            if seen.event.step != event.step:
                seen.since = now
            seen.event = event

    def now(self) -> Overview:
        """The build at this moment."""
        now = self._clock()
        with self._progress.lock:
            orgs = self._orgs(now)
            waiting = {name: self._waiting(name) for name in self._planned}
            pools = tuple(self._pool(name, orgs, waiting[name]) for name in self._planned)
            failed = list(self._progress.failed)
            left = self._progress.allowance.daily
        return Overview(
            seconds=now - self._started,
            pools=pools,
            orgs=orgs,
            causes=causes(failed, self._locations),
            requests=self._requests(),
            sign_ups_left=max(0, left) if left < ENOUGH else None,
            available_in=self._available_in(orgs, waiting),
        )

    def _orgs(self, now: float) -> tuple[OrgOverview, ...]:
        """The unfinished orgs of this build; those that were left to the next one are none."""
        found = [
            OrgOverview(
                username,
                seen.event.pool,
                seen.event.step,
                seen.event.position,
                seen.event.steps,
                seen.event.note,
                now - seen.since,
                now - seen.started,
            )
            for username, seen in self._seen.items()
            if username in self._progress.pending
        ]
        return tuple(sorted(found, key=lambda org: -org.age))

    def _waiting(self, pool: str) -> dict[str, int]:
        counts = Counter(self._queue.reasons(pool) if self._queue else {})
        held = sum(creation.pool == pool for creation in self._breaker.held)
        return dict(counts + Counter({CANARY: held}))

    def _pool(
        self, name: str, orgs: Sequence[OrgOverview], waiting: Mapping[str, int]
    ) -> PoolOverview:
        planned, progress = self._planned[name], self._progress
        built = sum(org.pool == name for org in progress.built)
        deleted = sum(
            removal.org.pool == name and removal.org.state is State.AVAILABLE
            for removal in progress.deleted
        )
        return PoolOverview(
            name,
            planned.size,
            max(0, planned.available - deleted) + built,
            sum(org.pool == name for org in orgs),
            waiting,
            planned.failed,
        )

    def _available_in(
        self, orgs: Sequence[OrgOverview], waiting: Mapping[str, Mapping[str, int]]
    ) -> dict[str, list[float]] | None:
        chains = [
            Chain(org.pool, org.step, org.since, self._remaining(org))
            for org in orgs
            if org.pool in self._planned
        ]
        counts = {pool: sum(reasons.values()) for pool, reasons in waiting.items()}
        steps = {name: planned.steps for name, planned in self._planned.items()}
        history = self._past.with_samples(self._times.durations())
        try:
            slots = self._config.limits.concurrent_signups
            return finish_times(chains, counts, steps, slots, history)
        except Unknown:
            return None

    def _remaining(self, org: OrgOverview) -> tuple[str, ...]:
        """The names of the steps after the current one. A step with `when` may be none of them."""
        steps = self._planned[org.pool].steps
        if org.step == SIGN_UP or org.step not in steps:
            return steps
        return steps[steps.index(org.step) + 1 :]

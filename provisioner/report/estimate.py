"""Estimates the requests and the time of a plan, from past builds or from typical values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from provisioner.builder.fingerprint import is_marker
from provisioner.builder.history import history
from provisioner.builder.snapshot_names import lower_steps, marker, upper_steps
from provisioner.builder.step_times import SIGN_UP as SIGN_UP_STEP
from provisioner.ledger.facts import HubFacts
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.history import History
    from provisioner.builder.snapshot_preview import SnapshotPlan
    from provisioner.config.model import Pool, PoolFile, StepEntry
    from provisioner.ledger.base import Run
    from provisioner.plan import PoolPlan

# Typical values of docs/reference/durations.md, used until a build has been recorded.
SIGN_UP = 180.0  # seconds
STEP = {
    "install_package": 180.0,
    "install_dependencies": 360.0,
    "deploy_source": 90.0,
    "deploy_metadata": 90.0,
    "snapshot": 660.0,
}
OTHER_STEP = 10.0
HUB_REQUESTS = 3.0  # per org
ORG_REQUESTS = {
    "install_package": 12.0,
    "install_dependencies": 24.0,
    "deploy_source": 8.0,
    "deploy_metadata": 8.0,
}
OTHER_REQUESTS = 4.0
FIRST_STEPS = ("settings", "login app")  # before those of pool.yaml, where an org needs them
VERIFICATION = "verification"  # with the wait until the first login works
UNKNOWN = HubFacts()


@dataclass(frozen=True)
class Estimate:
    """The total number of requests, the duration in seconds, and the basis of these figures."""

    hub_requests: int
    org_requests: int
    seconds: float
    basis: str
    slow: float = 0.0  # seconds, if each step takes its 95th percentile; 0: unknown
    builds: int = 0  # whose durations are known
    saved: float = 0.0  # seconds that org snapshots save, by the durations of past builds

    def document(self) -> dict[str, Any]:
        """The estimate as JSON."""
        return {
            "hub_requests": self.hub_requests,
            "org_requests": self.org_requests,
            "seconds": round(self.seconds),
            "seconds_p95": round(self.slow) if self.builds else None,
            "builds": self.builds,
            "seconds_saved": round(self.saved),
            "basis": self.basis,
        }

    def text(self) -> str:
        """The estimate as text."""
        duration, basis = quantity(_minutes(self.seconds), "minute"), self.basis
        if self.builds:
            slow = quantity(_minutes(self.slow), "minute")
            usual = _minutes(self.seconds)
            duration = f"{usual} to {slow}" if usual < _minutes(self.slow) else slow
            basis = f"p50 and p95 of {quantity(self.builds, 'build')}; {basis}"
        saved = quantity(_minutes(self.saved), "minute")
        less = f"; org snapshots save about {saved}" if self.saved else ""
        return (
            f"about {self.hub_requests} Dev Hub and {self.org_requests} scratch org requests, "
            f"{duration} ({basis}){less}"
        )


def _minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))


def estimate(
    config: PoolFile,
    plans: Sequence[PoolPlan],
    runs: Sequence[Run],
    facts: HubFacts = UNKNOWN,
    snapshots: Sequence[SnapshotPlan] = (),
) -> Estimate:
    """The estimated cost of these plans. `runs` has the newest run first.

    Orgs from one of the `snapshots` run only the steps below the marker. Durations are those of
    past builds. For what was never built, times of sign-ups and first logins are those of `facts`,
    as far as they are known.
    """
    orgs = sum(len(plan.create) + len(plan.resume) for plan in plans)
    past = history(runs)
    times = [_Times(config, plan, past, facts, snapshots) for plan in plans]
    usual, slow = (max((time.seconds(p) for time in times), default=0.0) for p in ("p50", "p95"))
    full = max((replace(time, snapshots=()).seconds("p50") for time in times), default=0.0)
    saved = max(0.0, full - usual) if all(time.knows_upper_steps() for time in times) else 0.0
    is_measured = past.usual_anywhere(SIGN_UP_STEP) is None and facts.sign_up_seconds is not None
    measured = "; sign-ups as measured by check --probe" if is_measured else ""
    hub, org, basis = _requests_of_plans(times, runs, orgs)
    return Estimate(hub, org, usual, f"{basis}{measured}", slow, past.runs, saved)


def _requests_of_plans(
    times: Sequence[_Times], runs: Sequence[Run], orgs: int
) -> tuple[int, int, str]:
    """Requests to the Dev Hub and to scratch orgs, and the basis of these figures."""
    for run in runs:
        built, calls = run.summary.get("built") or 0, run.summary.get("api_calls") or {}
        if built and calls and not run.summary.get("retry"):
            hub, org = (round(orgs * calls.get(target, 0) / built) for target in ("hub", "org"))
            return hub, org, f"estimated from run {run.id}"
    requests = sum(time.requests() for time in times)
    return round(orgs * HUB_REQUESTS), round(requests), "typical values"


@dataclass(frozen=True)
class _Times:
    """The duration of a plan.

    The first org of each wave waits for its sign-up; the last one also for its steps and login.
    """

    config: PoolFile
    plan: PoolPlan
    past: History
    facts: HubFacts
    snapshots: Sequence[SnapshotPlan] = ()

    def seconds(self, percentile: Literal["p50", "p95"]) -> float:
        """How long the build takes if each step takes this percentile."""
        plan, facts = self.plan, self.facts
        if not (plan.create or plan.resume):
            return 0.0
        waves = math.ceil(len(plan.create) / self.config.limits.concurrent_signups)
        known = SIGN_UP if facts.sign_up_seconds is None else facts.sign_up_seconds
        sign_up = self._usual(SIGN_UP_STEP, known, percentile)
        delay = (facts.login_delay_seconds or 0.0) if plan.create else 0.0
        login = self._usual(VERIFICATION, delay, percentile)
        first = sum(self._usual(name, 0.0, percentile) for name in FIRST_STEPS)
        each = [
            sum(self._step(entry, percentile) for entry in part.entries) + part.waits * sign_up
            for part in self._parts()
        ]
        return waves * sign_up + first + max(each, default=0.0) + login

    def requests(self) -> float:
        """Requests to the scratch orgs, as they are typical."""
        return sum(
            part.orgs * (7 + _requests_of(part.entries)) for part in self._parts(waits=False)
        )

    def knows_upper_steps(self) -> bool:
        """Whether past builds have measured all that a snapshot saves."""
        pool = self.config.pools[self.plan.pool]
        return all(
            self.past.expected(pool.name, entry.title)
            for one in self.snapshots
            if one.pool == pool.name
            for entry in upper_steps(pool, one.definition)
        )

    def _parts(self, *, waits: bool = True) -> Iterator[_Part]:
        """The orgs of the plan by what they run; with `waits`, after what they wait for."""
        pool = self.config.pools[self.plan.pool]
        for org in self.plan.resume:
            yield _Part(1, _steps_of(pool, org.definition, is_copy=bool(org.snapshot)))
        by_key = {(one.pool, one.definition): one for one in self.snapshots}
        for name, orgs in Counter(one.definition for one in self.plan.create).items():
            one = by_key.get((pool.name, name))
            in_full = orgs if one is None else min(orgs, one.in_full)
            makes = one is not None and one.is_made
            whole = _steps_of(pool, name, is_copy=False, with_marker=makes)
            if in_full:
                yield _Part(in_full, whole)
            if orgs > in_full:
                copies = _steps_of(pool, name, is_copy=True)
                must_wait = waits and makes and one is not None and not one.is_used
                yield _Part(orgs - in_full, whole if must_wait else copies, int(must_wait))

    def _step(self, entry: StepEntry, percentile: Literal["p50", "p95"]) -> float:
        if is_marker(entry):
            return self.past.longest(entry.kind) or STEP[entry.kind]
        return self._usual(entry.title, STEP.get(entry.kind, OTHER_STEP), percentile)

    def _usual(self, step: str, otherwise: float, percentile: Literal["p50", "p95"]) -> float:
        """The duration of a step in past builds of the pool, or else of any pool."""
        found = self.past.expected(self.plan.pool, step)
        if found is None:
            return otherwise
        return found.p50 if percentile == "p50" else found.p95


def _requests_of(entries: Iterable[StepEntry]) -> float:
    return sum(ORG_REQUESTS.get(entry.kind, OTHER_REQUESTS) for entry in entries)


@dataclass(frozen=True)
class _Part:
    """Orgs of one definition that run these steps."""

    orgs: int
    entries: Sequence[StepEntry]
    waits: int = 0  # for as many sign-ups more: of the org that makes the snapshot


def _steps_of(
    pool: Pool, definition: str, *, is_copy: bool, with_marker: bool = False
) -> list[StepEntry]:
    """The steps of an org; those below the marker in a copy of a snapshot."""
    if is_copy and marker(pool) is not None:
        return lower_steps(pool, definition)
    return [one for one in pool.steps_of(definition) if with_marker or not is_marker(one)]

"""Estimates the requests and the time of a plan, from past builds or from typical values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from provisioner.builder.history import history
from provisioner.builder.step_times import SIGN_UP as SIGN_UP_STEP
from provisioner.ledger.facts import HubFacts
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.history import History
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.ledger.base import Run
    from provisioner.plan import PoolPlan

# Typical values of docs/reference/durations.md, used until a build has been recorded.
SIGN_UP = 180.0  # seconds
STEP = {
    "install_package": 180.0,
    "install_dependencies": 360.0,
    "deploy_source": 90.0,
    "deploy_metadata": 90.0,
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

    def document(self) -> dict[str, Any]:
        """The estimate as JSON."""
        return {
            "hub_requests": self.hub_requests,
            "org_requests": self.org_requests,
            "seconds": round(self.seconds),
            "seconds_p95": round(self.slow) if self.builds else None,
            "builds": self.builds,
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
        return (
            f"about {self.hub_requests} Dev Hub and {self.org_requests} scratch org requests, "
            f"{duration} ({basis})"
        )


def _minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))


def estimate(
    config: PoolFile,
    plans: Sequence[PoolPlan],
    runs: Sequence[Run],
    facts: HubFacts = UNKNOWN,
) -> Estimate:
    """The estimated cost of these plans. `runs` has the newest run first.

    Durations are those of past builds. For what was never built, times of sign-ups and first logins
    are those of `facts`, as far as they are known.
    """
    orgs = sum(len(plan.create) + len(plan.resume) for plan in plans)
    past = history(runs)
    times = [_Times(config, plan, past, facts) for plan in plans]
    usual, slow = (max((time.seconds(p) for time in times), default=0.0) for p in ("p50", "p95"))
    is_measured = past.usual_anywhere(SIGN_UP_STEP) is None and facts.sign_up_seconds is not None
    measured = "; sign-ups as measured by check --probe" if is_measured else ""
    hub, org, basis = _requests_of_plans(config, plans, runs, orgs)
    return Estimate(hub, org, usual, f"{basis}{measured}", slow, past.runs)


def _requests_of_plans(
    config: PoolFile, plans: Sequence[PoolPlan], runs: Sequence[Run], orgs: int
) -> tuple[int, int, str]:
    """Requests to the Dev Hub and to scratch orgs, and the basis of these figures."""
    for run in runs:
        built, calls = run.summary.get("built") or 0, run.summary.get("api_calls") or {}
        if built and calls and not run.summary.get("retry"):
            hub, org = (round(orgs * calls.get(target, 0) / built) for target in ("hub", "org"))
            return hub, org, f"estimated from run {run.id}"
    requests = sum(_requests(config, plan) for plan in plans)
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
        pool = self.config.pools[plan.pool]
        each = [
            sum(
                self._usual(entry.title, STEP.get(entry.kind, OTHER_STEP), percentile)
                for entry in pool.steps_of(name)
            )
            for name in set(_orgs(plan))
        ]
        return waves * sign_up + first + max(each, default=0.0) + login

    def _usual(self, step: str, otherwise: float, percentile: Literal["p50", "p95"]) -> float:
        """The duration of a step in past builds of the pool, or else of any pool."""
        found = self.past.usual(self.plan.pool, step) or self.past.usual_anywhere(step)
        if found is None:
            return otherwise
        return found.p50 if percentile == "p50" else found.p95


def _requests(config: PoolFile, plan: PoolPlan) -> float:
    pool = config.pools[plan.pool]
    return sum(7 + _requests_of(pool.steps_of(definition)) for definition in _orgs(plan))


def _requests_of(entries: Iterable[StepEntry]) -> float:
    return sum(ORG_REQUESTS.get(entry.kind, OTHER_REQUESTS) for entry in entries)


def _orgs(plan: PoolPlan) -> list[str]:
    """The definition of each org that the plan creates or resumes."""
    created = [creation.definition for creation in plan.create]
    return [*created, *(org.definition for org in plan.resume)]

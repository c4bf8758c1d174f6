"""Estimates the requests and the time of a plan, from the last build or from typical values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.ledger.facts import HubFacts
from provisioner.plain_text import quantity

if TYPE_CHECKING:
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
UNKNOWN = HubFacts()


@dataclass(frozen=True)
class Estimate:
    """The total number of requests, the duration in seconds, and the basis of these figures."""

    hub_requests: int
    org_requests: int
    seconds: float
    basis: str

    def document(self) -> dict[str, Any]:
        """The estimate as JSON."""
        return {
            "hub_requests": self.hub_requests,
            "org_requests": self.org_requests,
            "seconds": round(self.seconds),
            "basis": self.basis,
        }

    def text(self) -> str:
        """The estimate as text."""
        minutes = max(1, math.ceil(self.seconds / 60))
        return (
            f"about {self.hub_requests} Dev Hub and {self.org_requests} scratch org requests, "
            f"{quantity(minutes, 'minute')} ({self.basis})"
        )


def estimate(
    config: PoolFile,
    plans: Sequence[PoolPlan],
    runs: Sequence[Run],
    facts: HubFacts = UNKNOWN,
) -> Estimate:
    """The estimated cost of these plans. `runs` has the newest run first.

    Times of sign-ups and first logins are those of `facts`, as far as they are known.
    """
    orgs = sum(len(plan.create) + len(plan.resume) for plan in plans)
    seconds = max((_seconds(config, plan, facts) for plan in plans), default=0.0) if orgs else 0.0
    measured = "" if facts.sign_up_seconds is None else "; sign-ups as measured by check --probe"
    for run in runs:
        built, calls = run.summary.get("built") or 0, run.summary.get("api_calls") or {}
        if built and calls:
            hub, org = (round(orgs * calls.get(target, 0) / built) for target in ("hub", "org"))
            return Estimate(hub, org, seconds, f"estimated from run {run.id}{measured}")
    org_requests = sum(_requests(config, plan) for plan in plans)
    basis = f"typical values{measured}"
    return Estimate(round(orgs * HUB_REQUESTS), round(org_requests), seconds, basis)


def _seconds(config: PoolFile, plan: PoolPlan, facts: HubFacts) -> float:
    """The first org of each wave waits for its sign-up; the last one also for login and steps."""
    if not (plan.create or plan.resume):
        return 0.0
    waves = math.ceil(len(plan.create) / config.limits.concurrent_signups)
    sign_up = SIGN_UP if facts.sign_up_seconds is None else facts.sign_up_seconds
    login = (facts.login_delay_seconds or 0.0) if plan.create else 0.0
    pool = config.pools[plan.pool]
    each = [
        sum(STEP.get(entry.kind, OTHER_STEP) for entry in pool.steps_of(name))
        for name in set(_orgs(plan))
    ]
    return waves * sign_up + login + max(each, default=0.0)


def _requests(config: PoolFile, plan: PoolPlan) -> float:
    pool = config.pools[plan.pool]
    return sum(7 + _requests_of(pool.steps_of(definition)) for definition in _orgs(plan))


def _requests_of(entries: Iterable[StepEntry]) -> float:
    return sum(ORG_REQUESTS.get(entry.kind, OTHER_REQUESTS) for entry in entries)


def _orgs(plan: PoolPlan) -> list[str]:
    """The definition of each org that the plan creates or resumes."""
    created = [creation.definition for creation in plan.create]
    return [*created, *(org.definition for org in plan.resume)]

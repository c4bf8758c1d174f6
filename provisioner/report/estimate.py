"""Estimates the requests and the time of a plan, from the last build or from typical values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Run
    from provisioner.plan import PoolPlan

# Typical values of docs/reference/durations.md, used until a build has been recorded.
SIGN_UP = 180.0  # seconds
STEP = {"install_package": 180.0, "deploy_source": 90.0}
OTHER_STEP = 10.0
HUB_REQUESTS = 3.0  # per org
ORG_REQUESTS = {"install_package": 12.0, "deploy_source": 8.0}
OTHER_REQUESTS = 4.0


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


def estimate(config: PoolFile, plans: Sequence[PoolPlan], runs: Sequence[Run]) -> Estimate:
    """The estimated cost of these plans. `runs` has the newest run first."""
    orgs = sum(len(plan.create) + len(plan.resume) for plan in plans)
    seconds = max((_seconds(config, plan) for plan in plans), default=0.0) if orgs else 0.0
    for run in runs:
        built, calls = run.summary.get("built") or 0, run.summary.get("api_calls") or {}
        if built and calls:
            hub, org = (round(orgs * calls.get(target, 0) / built) for target in ("hub", "org"))
            return Estimate(hub, org, seconds, f"estimated from run {run.id}")
    org_requests = sum(_requests(config, plan) for plan in plans)
    return Estimate(round(orgs * HUB_REQUESTS), round(org_requests), seconds, "typical values")


def _seconds(config: PoolFile, plan: PoolPlan) -> float:
    waves = math.ceil(len(plan.create) / config.limits.concurrent_signups)
    steps = sum(STEP.get(entry.kind, OTHER_STEP) for entry in config.pools[plan.pool].steps)
    return waves * SIGN_UP + steps if plan.create or plan.resume else 0.0


def _requests(config: PoolFile, plan: PoolPlan) -> float:
    entries = config.pools[plan.pool].steps
    each = sum(ORG_REQUESTS.get(entry.kind, OTHER_REQUESTS) for entry in entries) + 7
    return (len(plan.create) + len(plan.resume)) * each

"""The result of a build: counts, orgs and the exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.builder import packed_inputs
from provisioner.builder.causes import MOST_CAUSES, Cause, causes, step_locations
from provisioner.errors import BuildError, HubLimitError, Interrupted, ProvisionerError
from provisioner.ledger.base import Org, State
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.org_inputs import OrgInputs
    from provisioner.builder.step_notes import StepWarning
    from provisioner.plan import PoolPlan, Removal


LONGEST_RECORD = 110_000  # characters; a run has 131,072 on the Dev Hub ledger, with escapes


@dataclass(frozen=True)
class PoolResult:
    """One pool after the build."""

    name: str
    size: int
    available: int
    not_more_because: str = ""


@dataclass(frozen=True)
class BuildResult:
    """One build that has ended."""

    run: str
    pools: tuple[PoolResult, ...]
    wanted: int  # orgs that this build was to finish
    built: tuple[Org, ...]
    deleted: tuple[Removal, ...]  # in their order, with the reason of each
    failed: tuple[Org, ...]
    limit: str  # the Dev Hub limit that kept orgs from being built, "" when none did
    limit_message: str
    stopped_because: str  # why the circuit breaker stopped sign-ups, "" when it did not
    is_interrupted: bool
    contents: Mapping[str, Any]
    api_calls: Mapping[str, int]  # to the Dev Hub (`hub`) and to scratch orgs (`org`)
    seconds: float
    unconfirmed: tuple[Org, ...] = ()  # left to the next build
    warnings: tuple[StepWarning, ...] = ()  # of steps; they do not change the exit code
    causes: tuple[Cause, ...] = ()  # of the failures, the most frequent first
    durations: Mapping[str, Any] = field(default_factory=dict)  # see StepTimes
    timeline: Mapping[str, Any] = field(default_factory=dict)
    allowance: Mapping[str, int] = field(default_factory=dict)  # `daily` and `active`, at the start
    inputs: Mapping[str, OrgInputs] = field(default_factory=dict)
    """Of the orgs that it has built, by fingerprint."""
    retry: str = ""  # the username of the org that it has continued; "" for a build

    @property
    def exit_code(self) -> int:
        """As documented: 0, 4 for a limit, 6 for fewer than wanted, 130 when interrupted."""
        if self.is_interrupted:
            return 130
        if self.is_full:
            return 0
        return 4 if self.limit else 6

    def error(self) -> ProvisionerError | None:
        """The error behind an exit code that is not 0."""
        if self.exit_code == 130:
            hint = "run `provisioner build` again to resume"
            return Interrupted("interrupted; unfinished orgs are recorded in the ledger", hint=hint)
        if self.exit_code == 4:
            hint = "wait until the limit allows more, delete scratch orgs, or lower `size`"
            return HubLimitError(self.limit_message, code=self.limit, hint=hint)
        if self.exit_code == 6:
            message = f"built {len(self.built)} of {self.wanted} wanted orgs{self._missing()}"
            if self.unconfirmed:
                message += f"; left to the next build: {quantity(len(self.unconfirmed), 'org')}"
            if self.stopped_because:
                message += f"; {self.stopped_because}"
            return BuildError(
                message,
                hint="See the failures above. Fix them, then run `provisioner build` again.",
            )
        return None

    def _missing(self) -> str:
        """How many orgs each pool lacks, for the message."""
        lacking = [
            f"{pool.name} {pool.size - pool.available}"
            for pool in self.pools
            if pool.available < pool.size
        ]
        return f"; missing: {', '.join(lacking)}" if lacking else ""

    @property
    def is_full(self) -> bool:
        """Whether every org that was wanted is available, replacements included."""
        return len(self.built) >= self.wanted and not self.limit

    def counts(self) -> dict[str, Any]:
        """The numbers, for the ledger's record of the run."""
        counts = {
            "wanted": self.wanted,
            "built": len(self.built),
            "failed": len(self.failed),
            "deleted": [{"username": r.org.username, "reason": r.reason} for r in self.deleted],
            "limit": self.limit,
            "exit_code": self.exit_code,
            "api_calls": dict(self.api_calls),
            "contents": dict(self.contents),
            "warnings": len(self.warnings),
            "seconds": round(self.seconds, 3),
            "stopped_because": self.stopped_because,
            "left": len(self.unconfirmed),
            "pools": [
                {"name": pool.name, "size": pool.size, "available": pool.available}
                for pool in self.pools
            ],
            "causes": [cause.document() for cause in self.causes[:MOST_CAUSES]],
            "durations": dict(self.durations),
            "timeline": dict(self.timeline),
            "allowance": dict(self.allowance),
            "retry": self.retry,
        }
        left = LONGEST_RECORD - len(json.dumps(counts))
        return {**counts, packed_inputs.KEY: packed_inputs.packed(self.inputs, left)}


def requests_sent(context: BuildContext) -> Mapping[str, int]:
    """Requests so far to the Dev Hub (`hub`), its ledger included, and to scratch orgs (`org`)."""
    totals = dict(context.connections.calls.totals())
    for who, count in context.ledger.api_calls.items():
        totals[who] = totals.get(who, 0) + count
    return totals


def summarise(
    context: BuildContext, plans: Sequence[PoolPlan], is_interrupted: bool, seconds: float
) -> BuildResult:
    """The result of a build, from its plans and its progress."""
    limits = [plan for plan in plans if plan.limit]
    pools = []
    for plan in plans:
        available = len(context.ledger.orgs(pool=plan.pool, states=[State.AVAILABLE]))
        pools.append(PoolResult(plan.pool, plan.size, available, plan.not_more_because))
    return BuildResult(
        run=context.run.id,
        pools=tuple(pools),
        wanted=sum(len(plan.resume) + len(plan.create) for plan in plans)
        + sum(plan.missing for plan in limits),
        built=tuple(context.progress.built),
        failed=tuple(context.progress.failed),
        deleted=tuple(context.progress.deleted),
        limit=context.progress.limit or next((plan.limit for plan in limits), ""),
        limit_message=context.progress.limit_message
        or next((plan.not_more_because for plan in limits), ""),
        stopped_because=context.circuit_breaker.reason,
        is_interrupted=is_interrupted,
        unconfirmed=tuple(context.progress.unconfirmed),
        contents=context.contents,
        warnings=context.progress.warnings(),
        causes=causes(context.progress.failed, step_locations(context.config)),
        durations=context.reporter.times.durations(),
        timeline=context.reporter.times.timeline(),
        allowance=_allowance(context),
        inputs=context.inputs,
        retry=context.options.retry,
        api_calls=requests_sent(context),
        seconds=seconds,
    )


def _allowance(context: BuildContext) -> dict[str, int]:
    """The sign-ups that the build had at its start; empty where it did not ask, or may not know."""
    granted = context.progress.granted
    if granted is None:
        return {}
    return {"daily": granted.daily, "active": granted.active}

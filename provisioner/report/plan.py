"""A plan as text and as a JSON document: sign-ups, deletions with their reasons, and the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.plain_text import quantity
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.plan import PoolPlan
    from provisioner.report.estimate import Estimate


def plan_document(config: PoolFile, plans: Sequence[PoolPlan], cost: Estimate) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "pools": [
            {
                "name": plan.pool,
                "size": plan.size,
                "available": len(plan.available),
                "resume": [org.username for org in plan.resume],
                "create": dict(Counter(creation.definition for creation in plan.create)),
                "delete": [{"username": r.org.username, "reason": r.reason} for r in plan.remove],
                "replace": [{"username": r.org.username, "reason": r.reason} for r in plan.retire],
                "without_room": len(plan.create) - plan.slots,
                "swap": plan.swap,
                "missing": plan.missing,
                "not_more_because": plan.not_more_because,
                "packages": [_version_document(*each) for each in _versions(config, plan.pool)],
            }
            for plan in plans
        ],
        "sign_ups": sum(len(plan.create) for plan in plans),
        "estimate": cost.document(),
    }


def plan_text(config: PoolFile, plans: Sequence[PoolPlan], cost: Estimate) -> list[str]:
    """The plan as text, with a block for each pool."""
    lines = [line for plan in plans for line in _block(config, plan)]
    total = sum(len(plan.create) for plan in plans)
    if not any(plan.create or plan.resume for plan in plans):
        return [*lines, "Nothing to build."]
    return [*lines, f"Cost: {quantity(total, 'sign-up')}, {cost.text()}"]


def _block(config: PoolFile, plan: PoolPlan) -> list[str]:
    lines = [f"{plan.pool}: {plan.size} wanted, {len(plan.available)} available"]
    for definition, count in Counter(c.definition for c in plan.create).items():
        lines.append(f"  sign up {count} from {definition}")
    named = [v for _, v in _versions(config, plan.pool) if v.title != v.id]
    lines += [f"  package {version.title}" for version in named]
    lines += [f"  resume {org.username} ({org.state})" for org in plan.resume]
    lines += [f"  delete {r.org.username}: {r.reason}" for r in plan.remove]
    lines += [f"  replace {r.org.username}: {r.reason}" for r in plan.retire]
    lines += _order(plan)
    if plan.create or plan.resume:
        titles = [_title(entry) for entry in config.pools[plan.pool].steps]
        lines.append(f"  steps of each: {', '.join(['sign-up', *titles, 'verification'])}")
    if plan.not_more_because:
        missing = quantity(plan.missing, "org")
        lines.append(f"  {missing} cannot be built: {plan.not_more_because}")
    return lines


def _versions(config: PoolFile, pool: str) -> Iterator[tuple[StepEntry, ResolvedVersion]]:
    """The package versions that the steps of a pool install, in order."""
    for entry in config.pools[pool].steps:
        if isinstance(entry.step, InstallsPackages):
            yield from ((entry, version) for version in entry.step.versions)


def _version_document(entry: StepEntry, version: ResolvedVersion) -> dict[str, Any]:
    number = str(version.number) if version.number else ""
    return {"step": entry.title, "name": version.name, "number": number, "id": version.id}


def _title(entry: StepEntry) -> str:
    """The title of a step, with the definitions to which it is limited."""
    only = f" (only {', '.join(entry.when.definition)})" if entry.when else ""
    return entry.title + only


def _order(plan: PoolPlan) -> list[str]:
    """The line about the order in which outdated orgs are deleted and new ones are created."""
    if not plan.retire:
        return []
    if not plan.is_short_of_room:
        return ["  each outdated org is deleted only after its replacement is available"]
    without = quantity(len(plan.create) - plan.slots, "new org")
    return [
        f"  there is no room for {without} until outdated orgs are deleted: first one, for the "
        f"canary; after the canary is available, {quantity(plan.swap, 'org')} at a time"
    ]

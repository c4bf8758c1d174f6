"""A plan as text and as a JSON document: sign-ups, deletions with their reasons, and the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.plan import PoolPlan
    from provisioner.report.estimate import Estimate


def plan_document(plans: Sequence[PoolPlan], cost: Estimate) -> dict[str, Any]:
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
    lines += [f"  resume {org.username} ({org.state})" for org in plan.resume]
    lines += [f"  delete {r.org.username}: {r.reason}" for r in plan.remove]
    lines += [f"  replace {r.org.username}: {r.reason}" for r in plan.retire]
    lines += _order(plan)
    if plan.create or plan.resume:
        titles = [entry.title for entry in config.pools[plan.pool].steps]
        lines.append(f"  steps of each: {', '.join(['sign-up', *titles, 'verification'])}")
    if plan.not_more_because:
        missing = quantity(plan.missing, "org")
        lines.append(f"  {missing} cannot be built: {plan.not_more_because}")
    return lines


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

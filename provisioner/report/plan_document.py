"""A plan as a JSON document, and its totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from provisioner.report.changes import change_document
from provisioner.steps.resolved_packages import InstallsPackages, ResolvedVersion

if TYPE_CHECKING:
    from provisioner.builder.pool_preview import PoolPreview
    from provisioner.builder.preview import Preview
    from provisioner.config.model import PoolFile, StepEntry
    from provisioner.plan import Removal
    from provisioner.report.estimate import Estimate

CHANGES = 10
"""The exit code of `plan --exit-code` when a build would change something."""


@dataclass(frozen=True)
class Totals:
    """How many orgs a build would create, resume, replace, delete and keep. None counts twice."""

    create: int  # beyond those that replace others
    resume: int
    replace: int
    delete: int
    keep: int  # available ones
    missing: int  # that cannot be built


def totals(found: Preview) -> Totals:
    """The totals over all pools."""
    pools = found.pools
    return Totals(
        create=sum(len(pool.created) for pool in pools),
        resume=sum(len(pool.plan.resume) for pool in pools),
        replace=sum(len(pool.replaced) for pool in pools),
        delete=sum(len(pool.deleted) for pool in pools) + len(found.others),
        keep=sum(pool.kept for pool in pools),
        missing=sum(pool.plan.missing for pool in pools),
    )


def exit_code(found: Preview) -> int:
    """Of `plan --exit-code`: CHANGES; else 4 where a limit leaves no sign-up that is wanted; 0."""
    if found.changes_anything:
        return CHANGES
    return 4 if any(plan.limit for plan in found.plans) else 0


def plan_document(found: Preview, cost: Estimate) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "pools": [_pool_document(found, pool) for pool in found.pools],
        "sign_ups": sum(len(plan.create) for plan in found.plans),
        "estimate": cost.document(),
        "totals": asdict(totals(found)),
        "others": [{"username": r.org.username, "reason": r.reason} for r in found.others],
        "removed_pools": [
            {
                "name": name,
                "orgs": [{"username": org.username, "state": str(org.state)} for org in orgs],
            }
            for name, orgs in found.removed_pools.items()
        ],
        "snapshots": [asdict(one) for one in found.snapshots],
        "old_snapshots": list(found.old_snapshots),
        "changes": found.changes_anything,
    }


def _removal(found: Preview, removal: Removal) -> dict[str, Any]:
    changes = found.changes.get(removal.org.username, ())
    return {
        "username": removal.org.username,
        "reason": removal.reason,
        "changes": [change_document(change) for change in changes],
    }


def _pool_document(found: Preview, pool: PoolPreview) -> dict[str, Any]:
    plan, config = pool.plan, found.config
    return {
        "name": plan.pool,
        "size": plan.size,
        "available": len(plan.available),
        "resume": [org.username for org in plan.resume],
        "create": dict(Counter(creation.definition for creation in plan.create)),
        "delete": [_removal(found, removal) for removal in plan.remove],
        "replace": [_removal(found, removal) for removal in plan.retire],
        "without_room": len(plan.create) - plan.slots,
        "swap": plan.swap,
        "missing": plan.missing,
        "not_more_because": plan.not_more_because,
        "limit": plan.limit,
        "packages": [_version_document(*each) for each in package_versions(config, plan.pool)],
        "keep": pool.kept,
        "outdated": len(plan.outdated),
        "claimed": len(plan.claimed),
        "surplus": max(0, len(plan.available) - plan.size),
        "canary": pool.held > 0,
        "lowest_available": pool.lowest,
    }


def package_versions(config: PoolFile, pool: str) -> Iterator[tuple[StepEntry, ResolvedVersion]]:
    """The package versions that the steps of a pool install, in order."""
    for entry in config.pools[pool].steps:
        if isinstance(entry.step, InstallsPackages):
            yield from ((entry, version) for version in entry.step.versions)


def _version_document(entry: StepEntry, version: ResolvedVersion) -> dict[str, Any]:
    number = str(version.number) if version.number else ""
    return {"step": entry.title, "name": version.name, "number": number, "id": version.id}

"""The org snapshots of this project that no pool uses, for `reap` and for the end of a build.

One is recognised by its name and description, which no other project has. Snapshots of others are
never touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from provisioner.builder import snapshot_names as names
from provisioner.builder.resolution import resolved
from provisioner.builder.snapshot_source import DESCRIPTION
from provisioner.errors import SalesforceError

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.ledger.past_orgs import PastOrgs
    from provisioner.salesforce.org_snapshots import OrgSnapshot


def is_ours(snapshot: OrgSnapshot, prefix: str) -> bool:
    """Whether a build of this project has made it."""
    is_name = snapshot.name.startswith(prefix) and len(snapshot.name) == names.LENGTH
    return is_name and snapshot.description.startswith(DESCRIPTION)


def wanted_bases(config: PoolFile, connections: Connections) -> set[str]:
    """The names, without generations, of the snapshots that all pools of pool.yaml want now.

    Package versions are resolved first, because the names depend on them. Raises what
    `names.bases` and `resolved` raise.
    """
    marked = [name for name, pool in config.pools.items() if names.marker(pool) is not None]
    return set(names.bases(resolved(config, marked, connections), marked).values())


def of_no_pool(
    old: Iterable[OrgSnapshot], config: PoolFile, connections: Connections
) -> list[OrgSnapshot]:
    """Those that are ours and that no pool of pool.yaml uses, also none of another build's pools.

    Raises what `wanted_bases` raises, if any is ours.
    """
    prefix = names.prefix(config)
    ours = [one for one in old if is_ours(one, prefix)]
    wanted = wanted_bases(config, connections) if ours else set()
    return [one for one in ours if names.base_of(one.name) not in wanted]


def superseded(ours: Iterable[OrgSnapshot], verified: Collection[str]) -> list[OrgSnapshot]:
    """Earlier generations, and failed ones, of contents whose newest snapshot is verified."""
    by_base: dict[str, list[OrgSnapshot]] = {}
    for snapshot in sorted(ours, key=lambda one: one.name):
        by_base.setdefault(names.base_of(snapshot.name), []).append(snapshot)
    found: list[OrgSnapshot] = []
    for generations in by_base.values():
        active = [one for one in generations if one.is_active]
        if active and active[-1].name in verified:
            kept = active[-1].id
            found += [one for one in generations if one.id != kept and not one.is_pending]
    return found


def unused_snapshots(
    config: PoolFile, connections: Connections, past: PastOrgs
) -> list[OrgSnapshot]:
    """Those of no content of pool.yaml, and those that a newer one has replaced. One query.

    None is sent where no pool has the marker and no org of the ledger was from a snapshot.
    Where the Dev Hub has no org snapshots, there is none. Raises ConfigError, UsageError,
    LoginError and SalesforceError.
    """
    has_marker = any(names.marker(pool) is not None for pool in config.pools.values())
    if not has_marker and not past.snapshots:
        return []
    prefix = names.prefix(config)
    try:
        ours = [one for one in connections.snapshots.named(prefix) if is_ours(one, prefix)]
    except SalesforceError as error:
        if error.code == "snapshots_unavailable":
            return []
        raise
    if not ours:
        return []
    wanted = wanted_bases(config, connections)
    old = [one for one in ours if names.base_of(one.name) not in wanted]
    known = [one for one in ours if one not in old]
    return old + superseded(known, past.verified_snapshots)

"""Orgs that a build or a probe may be working on: `reap` and other builds leave them to it.

For `reap`, most orgs need no question: an org that is available or claimed is taken by
compare-and-swap, and the builder of a failed or released one is done with it. Two kinds do: the org
of a probe, whose row is `failed` from the start, and unfinished orgs of a pool that was removed
from pool.yaml, which a build with an earlier pool.yaml may still build.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.ledger.base import UNFINISHED
from provisioner.upkeep.probes import is_probe

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger
    from provisioner.upkeep.reap import Reaped


def of_other_builds(
    config: PoolFile, ledger: Ledger, found: Iterable[str], own: Collection[str]
) -> set[str]:
    """The pools of `found`, read before, that a build of the pools `own` leaves to other builds.

    A pool that pool.yaml has is left to its own builds, also if there is none now; one that it no
    longer has, only while it is locked: another pool.yaml may have it.
    """
    others = {*found} - {*own}
    removed = others - {*config.pools}
    return others - (ledger.unlocked(removed) if removed else set())


def without_builder(ledger: Ledger, found: Sequence[Reaped]) -> tuple[list[Reaped], list[Reaped]]:
    """Those of `found`, read before, that nobody is working on; and the others, with the reason.

    The ledger is asked only if there are orgs of the two kinds.
    """
    pools = {item.org.pool for item in found if _may_have_builder(item)}
    held = pools - ledger.unlocked(pools) if pools else set()
    free = [item for item in found if item.org.pool not in held or not _may_have_builder(item)]
    busy = [item for item in found if item not in free]
    return free, [replace(item, left_because=_why(item)) for item in busy]


def _may_have_builder(item: Reaped) -> bool:
    return not item.is_orphan and (is_probe(item.org) or item.org.state in UNFINISHED)


def _why(item: Reaped) -> str:
    if is_probe(item.org):
        return "a probe or a build is running"
    return f"a build holds the pool {item.org.pool}; run `provisioner reap` again later"

"""The status of the pools, computed from `pool.yaml` and the ledger's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.ledger.base import UNFINISHED, Org, State, Waiter
from provisioner.ledger.document import org_document


@dataclass(frozen=True)
class PoolStatus:
    """One pool; `size` is None for a pool that only the ledger knows."""

    name: str
    size: int | None
    orgs: tuple[Org, ...]
    waiting: int = 0  # claims that wait for an org of this pool, or of any

    def count(self, *states: State) -> int:
        """How many of the orgs are in any of `states`."""
        return sum(org.state in states for org in self.orgs)

    @property
    def available(self) -> int:
        """Orgs that can be claimed."""
        return self.count(State.AVAILABLE)

    @property
    def claimed(self) -> int:
        """Orgs that are claimed."""
        return self.count(State.CLAIMED)

    @property
    def building(self) -> int:
        """Orgs that are intended, signing up or building."""
        return self.count(*UNFINISHED)

    @property
    def failed(self) -> int:
        """Orgs that failed and are not deleted yet."""
        return self.count(State.FAILED)

    def document(self, is_shown: Callable[[Org], bool] | None = None) -> dict[str, Any]:
        """The pool as `status --json` prints it; with `is_shown`, only these orgs."""
        return {
            "name": self.name,
            "size": self.size,
            "available": self.available,
            "claimed": self.claimed,
            "building": self.building,
            "failed": self.failed,
            "orgs": [org_document(org) for org in self.orgs if is_shown is None or is_shown(org)],
        }


def summarise(
    sizes: Mapping[str, int],
    orgs: Iterable[Org],
    only: Iterable[str] = (),
    waiters: Sequence[Waiter] = (),
) -> list[PoolStatus]:
    """The pools of `pool.yaml` in its order, then those that only the ledger knows.

    `sizes` has the configured size of each pool. With `only`, the result has just those pools.
    """
    by_pool: dict[str, list[Org]] = {name: [] for name in sizes}
    for org in orgs:
        by_pool.setdefault(org.pool, []).append(org)
    names = list(dict.fromkeys(only)) or list(by_pool)
    waiting = {name: sum(one.claim.pool in ("", name) for one in waiters) for name in names}
    return [
        PoolStatus(name, sizes.get(name), tuple(by_pool.get(name, ())), waiting[name])
        for name in names
    ]

"""The builds without an end, for `status`: builds of several pools may run at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.ledger.base import UNFINISHED
from provisioner.report.runs import run_entry

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Org, Run

NEWEST = 30  # runs among which the builders of unfinished orgs are found


@dataclass(frozen=True)
class UnfinishedBuild:
    """A build whose end is not recorded, and the pools of its unfinished orgs."""

    run: Run
    pools: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As `status --json` prints it."""
        return {**run_entry(self.run), "pools": list(self.pools)}


def unfinished_builds(
    ledger: Ledger, orgs: Sequence[Org], shown: Run | None
) -> list[UnfinishedBuild]:
    """The builds of the unfinished orgs, newest first, except the one that is `shown` anyway.

    The ledger is asked only if such an org has another builder.
    """
    pools: dict[str, dict[str, None]] = {}
    for org in orgs:
        if org.state in UNFINISHED and org.builder_id not in ("", shown.id if shown else ""):
            pools.setdefault(org.builder_id, {})[org.pool] = None
    runs = ledger.runs(limit=NEWEST) if pools else []
    return [
        UnfinishedBuild(run, tuple(pools[run.id]))
        for run in runs
        if run.id in pools and run.finished_at is None
    ]

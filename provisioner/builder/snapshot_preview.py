"""What a build would do about org snapshots: which are used, made and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioner.builder import snapshot_names as names
from provisioner.builder.snapshot_survey import SnapshotState, read_survey
from provisioner.builder.unused_snapshots import of_no_pool

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.ledger.past_orgs import PastOrgs
    from provisioner.plan import PoolPlan


@dataclass(frozen=True)
class SnapshotPlan:
    """The snapshot of one content of a pool."""

    pool: str
    definition: str
    orgs: int  # that are to be signed up
    name: str = ""
    is_used: bool = False  # orgs are signed up from it
    is_made: bool = False  # the first org makes it; with `is_used`, it follows one that expires
    why_not: str = ""  # why orgs are built in full

    @property
    def in_full(self) -> int:
        """How many orgs run all steps."""
        return min(self.orgs, 1) if self.is_made else 0 if self.is_used else self.orgs


def snapshot_plans(
    config: PoolFile,
    plans: Sequence[PoolPlan],
    connections: Connections,
    past: PastOrgs,
    today: date,
) -> tuple[list[SnapshotPlan], list[str]]:
    """The snapshots of the pools that have the marker and orgs to sign up. One query, if any.

    Also the names of those that no pool uses: a build deletes them when an org from each new one
    has been available.
    """
    wanted = names.bases(config, [plan.pool for plan in plans if plan.create])
    if not wanted:
        return [], []
    survey = read_survey(config, connections, wanted.values(), past.snapshots, today)
    found = [
        _plan(plans, key, survey.states.get(base), survey.unreadable)
        for key, base in wanted.items()
    ]
    return found, [one.name for one in of_no_pool(survey.old, config, connections)]


def _plan(
    plans: Sequence[PoolPlan], key: names.Key, state: SnapshotState | None, why: str
) -> SnapshotPlan:
    pool, definition = key
    orgs = sum(
        (creation.pool, creation.definition) == key for plan in plans for creation in plan.create
    )
    if state is None:
        return SnapshotPlan(pool, definition, orgs, why_not=why)
    is_used = state.usable is not None
    return SnapshotPlan(pool, definition, orgs, state.name, is_used, state.may_make, state.why_not)

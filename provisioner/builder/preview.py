"""What a build would do now: the comparison that a build makes, without any change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import content_of
from provisioner.builder.connections import Connections
from provisioner.builder.fingerprint import Contents, read_contents
from provisioner.builder.first_logins import has_first_session
from provisioner.builder.hub_reading import left_for_us, received
from provisioner.builder.input_changes import Change, changes
from provisioner.builder.lost_sessions import WHY
from provisioner.builder.packed_inputs import recorded_inputs
from provisioner.builder.planning import UNBOUNDED, hub_allowance
from provisioner.builder.pool_preview import PoolPreview, pool_previews
from provisioner.builder.resolution import resolved
from provisioner.builder.snapshot_preview import SnapshotPlan, snapshot_plans
from provisioner.builder.survey import GONE, closed, gone, survey
from provisioner.ledger.base import State
from provisioner.ledger.past_orgs import PastOrgs
from provisioner.plain_text import quantity
from provisioner.plan import Allowance, PoolPlan, Removal, plan_pools
from provisioner.upkeep.lifetimes import corrected
from provisioner.upkeep.probes import REASON, is_probe, left_by_probes
from provisioner.upkeep.reap import orphan_reasons, orphans, rows_for

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org, Run
    from provisioner.salesforce.active_orgs import ActiveOrg


OLD_RUNS = 200  # that are searched for an outdated org when newer ones do not have it


@dataclass(frozen=True)
class Preview:
    """What a build would do now."""

    config: PoolFile  # with the package versions of today
    pools: tuple[PoolPreview, ...]
    others: tuple[Removal, ...] = ()  # orgs of no pool that a build deletes
    removed_pools: Mapping[str, Sequence[Org]] = field(default_factory=dict)
    """The orgs of pools that pool.yaml no longer has, in a plan of all pools. A build leaves them
    alone."""
    snapshots: Sequence[SnapshotPlan] = ()
    """The org snapshots of the pools that have the marker and orgs to sign up."""
    old_snapshots: Sequence[str] = ()
    """The names of our snapshots that no pool uses."""
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    """By username, what has changed since an org of another fingerprint was built, if known."""

    @property
    def plans(self) -> list[PoolPlan]:
        """The plans of all pools."""
        return [pool.plan for pool in self.pools]

    @property
    def changes_anything(self) -> bool:
        """Whether a build would sign up, resume or delete an org."""
        return bool(self.others) or any(pool.changes_anything for pool in self.pools)


def preview(
    config: PoolFile,
    pools: Sequence[str],
    ledger: Ledger,
    warn: Callable[[str], None],
    runs: Sequence[Run] = (),
) -> Preview:
    """What a build of these pools would do now. `runs` are the newest ones of the ledger.

    Sends the same queries to the Dev Hub as a build: its scratch orgs, the packages that pool.yaml
    names, and the limits if anything is to be built. Changes nothing.
    """
    with Connections(config) as connections:
        active = survey(connections)  # before the rows: see orphans()
        rows = rows_for(config, active, ledger)
        found = orphan_reasons(orphans(config, active, rows, ledger.broken()), rows)
        late = [Removal(i.org, i.reason) for i in closed(config, ledger, found, rows, pools)]
        now_rows = _as_repaired(connections, active, rows)
        config = resolved(config, pools, connections)
        contents, now = read_contents(config, pools), connections.clock.now()
        prints = contents.fingerprints
        plans = plan_pools(config, pools, now_rows, prints, UNBOUNDED, now)
        others = [*(Removal(org, REASON) for org in left_by_probes(now_rows)), *late]
        if any(plan.create or plan.resume for plan in plans):
            hub = connections.hub
            allowance = (
                hub_allowance(config, connections, warn, lambda: left_for_us(config, hub.limits()))
                or UNBOUNDED
            )
            ended = [*others, *(removal for plan in plans for removal in plan.remove)]
            allowance = allowance.more(_slots_of(ended, active))
            left = allowance.less(_unsent(connections, now_rows, ended))
            plans = plan_pools(config, pools, now_rows, prints, left, now)
            _warn_of_unsent(config, plans, active, allowance, warn)
        has_new = any(plan.create for plan in plans)
        past = ledger.past_orgs() if has_new else PastOrgs()
        snapshots, old = snapshot_plans(config, plans, connections, past, now.date())
    verified = {content_of(built) for built in past.verified}
    return Preview(
        config=config,
        pools=tuple(pool_previews(config, plans, verified)),
        others=tuple(others),
        removed_pools=_removed_pools(config, rows) if {*pools} == {*config.pools} else {},
        snapshots=snapshots,
        old_snapshots=old,
        changes=_changes(plans, contents, ledger, runs),
    )


def _unsent(connections: Connections, rows: Sequence[Org], ended: Sequence[Removal]) -> int:
    """How many sign-ups are intended, by whichever build, that the Dev Hub has not received."""
    ending = {removal.org.username for removal in ended}
    names = [
        row.username
        for row in rows
        if row.state is State.INTENDED
        and row.hub in ("", connections.hub_id)
        and row.username not in ending
    ]
    return len(names) - len(received(connections.hub, names))


def _warn_of_unsent(
    config: PoolFile,
    plans: Sequence[PoolPlan],
    active: Sequence[ActiveOrg],
    allowance: Allowance,
    warn: Callable[[str], None],
) -> None:
    """Warn of sign-ups that were intended and not sent, where the Dev Hub would refuse them.

    A build sends them whatever `limits` keeps for people: an earlier build had that allowance.
    """
    sent = {org.username for org in active}
    resumed = [org for plan in plans for org in plan.resume if org.state is State.INTENDED]
    unsent = sum(org.username.lower() not in sent for org in resumed)
    keeps = config.limits
    left = Allowance(allowance.daily + keeps.keep_daily, allowance.active + keeps.keep_active).left
    if unsent > left:
        warn(
            f"{quantity(unsent, 'org')} of those to resume must still be signed up, and the Dev "
            f"Hub's limits leave {quantity(left, 'sign-up')}: a build exits with code 4"
        )


def _changes(
    plans: Sequence[PoolPlan], contents: Contents, ledger: Ledger, runs: Sequence[Run]
) -> dict[str, Sequence[Change]]:
    """What has changed for each org that goes because of its content."""
    going = [r.org for plan in plans for r in (*plan.outdated, *plan.remove)]
    current = contents.fingerprints
    other = [org for org in going if current.get((org.pool, org.definition)) != org.fingerprint]
    recorded = recorded_inputs(runs)
    if any(org.fingerprint not in recorded for org in other):
        recorded = recorded_inputs(ledger.runs(limit=OLD_RUNS))
    found: dict[str, Sequence[Change]] = {}
    for org in other:
        fingerprint = current.get((org.pool, org.definition))
        if fingerprint is None:
            found[org.username] = [Change("definition", (org.definition,), how="removed")]
        elif org.fingerprint in recorded:
            new = contents.inputs[fingerprint]
            found[org.username] = changes(recorded[org.fingerprint], new)
    return found


def _as_repaired(
    connections: Connections, active: Sequence[ActiveOrg], rows: Sequence[Org]
) -> list[Org]:
    """The rows as a build changes them before it plans."""
    rows = corrected(rows, (org.sign_up for org in active))
    available = [row for row in rows if row.state is State.AVAILABLE]
    missing = {row.username for row in gone(connections.hub, active, available)}

    def repaired(row: Org) -> Org:
        if row.username in missing:
            return replace(row, state=State.EXPIRED, error=GONE)
        if row.state is State.BUILDING and has_first_session(row):
            return replace(row, state=State.FAILED, error=WHY)
        return row

    return [repaired(row) for row in rows if row.state is not State.DELETED]


def _slots_of(ended: Sequence[Removal], active: Sequence[ActiveOrg]) -> int:
    """How many of these orgs take up room on the Dev Hub until they are deleted."""
    occupied = {org.sign_up.id for org in active if org.is_signed_up}
    return sum(removal.org.signup_id in occupied for removal in ended)


def _removed_pools(config: PoolFile, rows: Sequence[Org]) -> dict[str, list[Org]]:
    found: dict[str, list[Org]] = {}
    for row in rows:
        is_open = row.state is not State.DELETED and not is_probe(row)
        if is_open and row.pool not in config.pools:
            found.setdefault(row.pool, []).append(row)
    return found

"""What a build would do now: the comparison that a build makes, without any change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.builder.connections import Connections
from provisioner.builder.fingerprint import Contents, read_contents
from provisioner.builder.first_logins import has_first_session
from provisioner.builder.input_changes import Change, changes
from provisioner.builder.lost_sessions import WHY
from provisioner.builder.packed_inputs import recorded_inputs
from provisioner.builder.planning import UNBOUNDED, hub_allowance
from provisioner.builder.resolution import resolved
from provisioner.builder.survey import GONE, gone, survey
from provisioner.ledger.base import State
from provisioner.plan import Creation, PoolPlan, Removal, in_turn, plan_pools
from provisioner.upkeep.lifetimes import corrected
from provisioner.upkeep.probes import REASON, is_probe, left_by_probes
from provisioner.upkeep.reap import orphan_reasons, orphans

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org, Run
    from provisioner.salesforce.active_orgs import ActiveOrg


OLD_RUNS = 200  # that are searched for an outdated org when newer ones do not have it


@dataclass(frozen=True)
class PoolPreview:
    """The plan of one pool, and what follows from it if nothing fails."""

    plan: PoolPlan
    replaced: tuple[tuple[Removal, Creation], ...] = ()  # an outdated org, and what follows it
    created: tuple[Creation, ...] = ()  # the other ones that are signed up
    deleted: tuple[Removal, ...] = ()  # ended without a successor of their own
    held: int = 0  # orgs that wait until the canary is available
    lowest: int = 0  # the fewest orgs that are available during the build

    @property
    def kept(self) -> int:
        """Available orgs that stay, outdated ones that nothing replaces yet included."""
        return len(self.plan.available) + len(self.plan.outdated) - len(self.plan.retire)

    @property
    def changes_anything(self) -> bool:
        """Whether a build would sign up, resume or delete an org of this pool."""
        return bool(self.plan.create or self.plan.resume or self.deleted or self.replaced)


@dataclass(frozen=True)
class Preview:
    """What a build would do now."""

    config: PoolFile  # with the package versions of today
    pools: tuple[PoolPreview, ...]
    others: tuple[Removal, ...] = ()  # orgs of no pool that a build deletes
    removed_pools: Mapping[str, Sequence[Org]] = field(default_factory=dict)
    """The orgs of pools that pool.yaml no longer has, in a plan of all pools. A build leaves them
    alone."""
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
        rows = ledger.orgs(states=State)
        closed = _closed_orphans(config, active, rows, ledger)
        now_rows = _as_repaired(connections, active, rows)
        config = resolved(config, pools, connections)
        contents, now = read_contents(config, pools), connections.clock.now()
        prints = contents.fingerprints
        plans = plan_pools(config, pools, now_rows, prints, UNBOUNDED, now)
        others = [*(Removal(org, REASON) for org in left_by_probes(now_rows)), *closed]
        if any(plan.create or plan.resume for plan in plans):
            allowance = hub_allowance(config, connections, warn)
            ended = [*others, *(removal for plan in plans for removal in plan.remove)]
            allowance = allowance.more(_slots_of(ended, active))
            plans = plan_pools(config, pools, now_rows, prints, allowance, now)
    verified = {row.fingerprint for row in rows if row.available_at}
    return Preview(
        config=config,
        pools=tuple(pool_previews(config, plans, verified)),
        others=tuple(others),
        removed_pools=_removed_pools(config, rows) if {*pools} == {*config.pools} else {},
        changes=_changes(plans, contents, ledger, runs),
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


def _closed_orphans(
    config: PoolFile, active: Sequence[ActiveOrg], rows: Sequence[Org], ledger: Ledger
) -> list[Removal]:
    """Orgs that are active although their rows are closed: a build deletes them."""
    known = {row.username for row in rows}
    found = orphan_reasons(orphans(config, active, rows, ledger.broken()), rows)
    return [Removal(item.org, item.reason) for item in found if item.org.username in known]


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


def pool_previews(
    config: PoolFile, plans: Sequence[PoolPlan], verified: set[str]
) -> list[PoolPreview]:
    """What follows from the plans of all pools; `verified` fingerprints need no canary."""
    breaker = CircuitBreaker(verified, lambda pool: config.pools[pool].canary)
    breaker.guard(plan.pool for plan in plans if plan.is_short_of_room)
    breaker.admit(in_turn(plans))
    held = Counter(creation.pool for creation in breaker.held)
    return [_preview(plan, held[plan.pool], _lowest(plan, breaker)) for plan in plans]


def _preview(plan: PoolPlan, held: int, lowest: int) -> PoolPreview:
    """Pairs each outdated org that goes with a new one, of the same definition if there is one."""
    left = list(plan.create)
    pairs: dict[str, tuple[Removal, Creation]] = {}  # by username
    for same in (True, False):
        for removal in plan.retire:
            org = removal.org
            found = (c for c in left if not same or c.definition == org.definition)
            if org.username not in pairs and (creation := next(found, None)) is not None:
                left.remove(creation)
                pairs[org.username] = removal, creation
    replaced = [pairs[r.org.username] for r in plan.retire if r.org.username in pairs]
    others = [r for r in plan.retire if r.org.username not in pairs]
    deleted = (*plan.remove, *others)
    return PoolPreview(plan, tuple(replaced), tuple(left), deleted, held, lowest)


def _lowest(plan: PoolPlan, breaker: CircuitBreaker) -> int:
    """The fewest available orgs during a build in which nothing fails.

    Outdated orgs are deleted beforehand only where new ones have no other room
    (`provisioner.builder.room`): one for the canary, then as many as `swap` says.
    """
    available = len(plan.available) + len(plan.outdated)
    at_the_end = available - len(plan.retire) + len(plan.create) + len(plan.resume)
    waiting = len(plan.create) - plan.slots
    if not waiting:
        return min(available, at_the_end)
    beyond = max(0, available - plan.size)
    pending = plan.slots + len(plan.resume)
    is_verified = all(map(breaker.is_verified, plan.create))
    first = 0 if is_verified else min(waiting, 1)
    fall = min(waiting - first, max(0, plan.swap - pending) + beyond)
    return max(0, min(available - max(first, fall), at_the_end))

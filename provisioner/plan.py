"""What a build would do now, and why: pure, from `pool.yaml`, ledger rows and hub limits.

A plan remembers nothing. Starting, topping up at noon and resuming after a kill are the same
comparison of what is wanted with what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.ledger.base import TO_DELETE, UNFINISHED, Org, State

if TYPE_CHECKING:
    from provisioner.config.model import Pool, PoolFile

MINIMUM_LIFE = timedelta(hours=12)
"""An available org with less life left does not count: no claim of the default kind takes it."""


@dataclass(frozen=True)
class Allowance:
    """Sign-ups that may be spent: what the Dev Hub has left, less what is kept for people."""

    daily: int
    active: int

    @property
    def left(self) -> int:
        """The smaller of the two, never below zero."""
        return max(0, min(self.daily, self.active))

    @property
    def limit(self) -> str:
        """Which of the two binds: `daily_limit` or `active_limit`, as `--json` names it."""
        return "daily_limit" if self.daily <= self.active else "active_limit"

    def less(self, sign_ups: int) -> Allowance:
        """The allowance after so many sign-ups."""
        return Allowance(self.daily - sign_ups, self.active - sign_ups)

    def freed(self) -> Allowance:
        """The allowance after a sign-up that made no org: whether it counts daily is not known."""
        return Allowance(self.daily, self.active + 1)


@dataclass(frozen=True)
class Removal:
    """An org to end, and why."""

    org: Org
    reason: str


@dataclass(frozen=True)
class Creation:
    """One org to sign up."""

    pool: str
    definition: str  # the file, as pool.yaml names it
    fingerprint: str


@dataclass(frozen=True)
class PoolPlan:
    """What is to be done for one pool."""

    pool: str
    size: int
    available: tuple[Org, ...]  # fresh ones, that count
    resume: tuple[Org, ...]
    create: tuple[Creation, ...]
    remove: tuple[Removal, ...]  # before anything else: they hold the hub's allowance
    retire: tuple[Removal, ...]  # only once their successors are available
    missing: int = 0  # orgs wanted that will not be signed up …
    not_more_because: str = ""  # … and why
    limit: str = ""  # the Dev Hub limit behind it: daily_limit, active_limit, or ""


Fingerprints = Mapping[tuple[str, str], str]
"""(pool, definition file) → the fingerprint of an org built from them today."""


def plan_pools(
    config: PoolFile,
    pools: Iterable[str],
    rows: Sequence[Org],
    fingerprints: Fingerprints,
    allowance: Allowance,
    now: datetime,
) -> list[PoolPlan]:
    """Plan each pool in the order given; earlier pools are served first."""
    plans = []
    for name in pools:
        own = [row for row in rows if row.pool == name]
        plan = _plan_pool(config.pools[name], own, fingerprints, allowance, now)
        allowance = allowance.less(_sign_ups(plan))
        plans.append(plan)
    return plans


def _sign_ups(plan: PoolPlan) -> int:
    return len(plan.create) + sum(org.state is State.INTENDED for org in plan.resume)


def _plan_pool(
    pool: Pool, rows: list[Org], fingerprints: Fingerprints, allowance: Allowance, now: datetime
) -> PoolPlan:
    remove = [removal for row in rows if (removal := _removal(row, fingerprints, now))]
    removed = {removal.org.username for removal in remove}
    kept = [row for row in rows if row.username not in removed and not row.kept]
    resume = [row for row in kept if row.state in UNFINISHED]
    waiting = [row for row in kept if row.state is State.AVAILABLE]
    stale = [r for row in waiting if (r := _staleness(pool, row, fingerprints, now))]
    stale_names = {removal.org.username for removal in stale}
    fresh = [row for row in waiting if row.username not in stale_names]

    wanted = max(0, pool.size - len(fresh) - len(resume))
    pending_intents = sum(row.state is State.INTENDED for row in resume)
    allowance = allowance.less(pending_intents)
    swapped = _swapped(wanted, stale, allowance)
    remove += swapped
    stale = stale[len(swapped) :]
    ended = {removal.org.username for removal in swapped}
    kept = [row for row in kept if row.username not in ended]
    allowance = Allowance(allowance.daily, allowance.active + len(swapped))
    created, reason, limit = _bounded(pool, wanted, kept, stale, allowance)
    covered = len(fresh) + len(resume) + created
    retire = stale if covered >= pool.size else stale[: max(0, len(stale) + covered - pool.size)]
    return PoolPlan(
        pool=pool.name,
        size=pool.size,
        available=tuple(fresh),
        resume=tuple(resume),
        create=tuple(_shared_out(pool, created, fresh + resume, fingerprints)),
        remove=tuple(remove),
        retire=tuple(retire),
        missing=wanted - created,
        not_more_because=reason,
        limit=limit,
    )


def _removal(row: Org, fingerprints: Fingerprints, now: datetime) -> Removal | None:
    """Why this org must end now, if it must."""
    if row.expires_at and row.expires_at <= now and row.state is not State.CLAIMED:
        return Removal(row, f"its life ended at {row.expires_at:%Y-%m-%d %H:%M} UTC")
    if row.state in TO_DELETE and not row.kept:
        return Removal(row, row.error or row.state.value)
    if row.state in UNFINISHED and not _is_current(row, fingerprints):
        return Removal(row, "pool.yaml, or a file that it names, changed while it was being built")
    return None


def _is_current(row: Org, fingerprints: Fingerprints) -> bool:
    return fingerprints.get((row.pool, row.definition)) == row.fingerprint


def _staleness(pool: Pool, row: Org, fingerprints: Fingerprints, now: datetime) -> Removal | None:
    """Why an available org is to be replaced, if it is."""
    if not _is_current(row, fingerprints):
        return Removal(row, "pool.yaml, or a file that it names, changed since it was built")
    if row.expires_at and row.expires_at < now + MINIMUM_LIFE:
        return Removal(row, f"less than {MINIMUM_LIFE.seconds // 3600} hours of life left")
    built = row.available_at or row.created_at
    if pool.refresh_after and built and built + pool.refresh_after <= now:
        return Removal(row, "older than refresh_after")
    return None


def _swapped(wanted: int, stale: list[Removal], allowance: Allowance) -> list[Removal]:
    """Stale orgs that must end before their successors, since the hub has no room for both."""
    short = min(wanted, max(0, allowance.daily)) - max(0, allowance.active)
    return stale[: max(0, short)]


def _bounded(
    pool: Pool, wanted: int, kept: list[Org], stale: list[Removal], allowance: Allowance
) -> tuple[int, str, str]:
    """How many of `wanted` may be signed up; why not more; and the hub limit behind that."""
    if pool.maximum is not None:
        room = max(0, pool.maximum - len(kept) + len(stale))
        if room < wanted and room <= allowance.left:
            return room, f"the pool's maximum of {pool.maximum} is reached by claims", ""
        wanted = min(wanted, room)
    if allowance.left < wanted:
        which = "daily" if allowance.limit == "daily_limit" else "active"
        reason = f"the Dev Hub's {which} scratch org limit leaves {allowance.left} for this pool"
        return allowance.left, reason, allowance.limit
    return wanted, "", ""


def _shared_out(
    pool: Pool, count: int, present: list[Org], fingerprints: Fingerprints
) -> Iterable[Creation]:
    """Definitions for `count` new orgs, so that all orgs together approach the weights."""
    totals = Counter(row.definition for row in present)
    for _ in range(count):
        chosen = min(pool.definitions, key=lambda d: (totals[d.name] + 1) / d.weight)
        totals[chosen.name] += 1
        yield Creation(pool.name, chosen.name, fingerprints[pool.name, chosen.name])

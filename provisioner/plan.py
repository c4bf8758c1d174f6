"""What a build would do now, and why: pure, from `pool.yaml`, ledger rows and hub limits.

A plan remembers nothing. Starting, topping up at noon and resuming after a kill are the same
comparison of what is wanted with what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.config.quotas import MINIMUM_LIFE
from provisioner.ledger.base import TO_DELETE, UNFINISHED, Org, State
from provisioner.shares import to_call_back

if TYPE_CHECKING:
    from provisioner.config.model import Pool, PoolFile

CONTENT = "pool.yaml, or a file that it names, has changed since it was built"
"""Why an available org of another fingerprint is outdated."""

CONTENT_MEANWHILE = "pool.yaml, or a file that it names, changed during its build"


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

    def more(self, active: int) -> Allowance:
        """The allowance after so many orgs are deleted; a negative number holds slots back."""
        return Allowance(self.daily, self.active + active)


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
    snapshot: str = ""  # name of the org snapshot from which it is signed up; "" for none


@dataclass(frozen=True)
class PoolPlan:
    """What is to be done for one pool."""

    pool: str
    size: int
    available: tuple[Org, ...]  # fresh ones, that count
    resume: tuple[Org, ...]
    create: tuple[Creation, ...]
    remove: tuple[Removal, ...]  # before anything else: they hold the hub's allowance
    retire: tuple[Removal, ...]  # stale; only as others take their place
    slots: int = 0  # of those to create, how many have room without any org's deletion
    swap: int = 1  # how many orgs may be missing while stale ones make room
    missing: int = 0  # orgs wanted that will not be signed up …
    not_more_because: str = ""  # … and why
    limit: str = ""  # the Dev Hub limit behind it: daily_limit, active_limit, or ""
    outdated: tuple[Removal, ...] = ()  # all available orgs that do not count; `retire` goes
    claimed: tuple[Org, ...] = ()
    kept: tuple[Org, ...] = ()  # failed, and kept for people (`build --keep-failed`)

    @property
    def is_short_of_room(self) -> bool:
        """Whether stale orgs must make room for new ones."""
        return self.slots < len(self.create)


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
    """Plan each pool in the order given; earlier pools are served first.

    `allowance` is for new orgs: what the sign-ups of intended orgs need is not in it.

    But the slots that a renewal has freed are its own: a pool that is short of orgs and has stale
    ones gets as many as may be missing, before any other.
    """
    wanted = [config.pools[name] for name in pools]
    sorted_rows = [
        _with_called_back(pool, _sorted(pool, rows, fingerprints, now), now) for pool in wanted
    ]
    held = {
        pool.name: _in_renewal(pool, own) for pool, own in zip(wanted, sorted_rows, strict=True)
    }
    plans = []
    for pool, own in zip(wanted, sorted_rows, strict=True):
        held.pop(pool.name)
        others = min(sum(held.values()), max(0, allowance.active))
        plan = _plan_pool(pool, own, fingerprints, allowance.more(-others))
        allowance = allowance.less(len(plan.create)).more(len(plan.create) - plan.slots)
        plans.append(plan)
    return plans


@dataclass(frozen=True)
class _Rows:
    """The rows of one pool, by what is to become of them."""

    remove: list[Removal]
    resume: list[Org]
    fresh: list[Org]  # available
    stale: list[Removal]  # available, and to be replaced
    claimed: list[Org]
    held: list[Org]  # failed, and kept for people


def _sorted(pool: Pool, rows: Sequence[Org], fingerprints: Fingerprints, now: datetime) -> _Rows:
    own = [row for row in rows if row.pool == pool.name]
    remove = [removal for row in own if (removal := _removal(row, fingerprints, now))]
    removed = {removal.org.username for removal in remove}
    kept = [row for row in own if row.username not in removed and not row.kept]
    waiting = [row for row in kept if row.state is State.AVAILABLE]
    stale = [r for row in waiting if (r := _staleness(pool, row, fingerprints, now))]
    stale_names = {removal.org.username for removal in stale}
    return _Rows(
        remove=remove,
        resume=[row for row in kept if row.state in UNFINISHED],
        fresh=[row for row in waiting if row.username not in stale_names],
        stale=stale,
        claimed=[row for row in kept if row.state is State.CLAIMED],
        held=[row for row in own if row.kept and row.username not in removed],
    )


def _in_renewal(pool: Pool, rows: _Rows) -> int:
    """Slots that a pool in mid-renewal lacks for the orgs that have made room already."""
    if not rows.stale:
        return 0
    missing = pool.size - len(rows.fresh) - len(rows.stale) - len(rows.resume)
    return max(0, min(missing, pool.swap.of(pool.size)))


def _with_called_back(pool: Pool, rows: _Rows, now: datetime) -> _Rows:
    """With the borrowed orgs removed that teams need, as far as `maximum` leaves no other room."""
    if not pool.teams or pool.maximum is None:
        return rows
    present = len(rows.fresh) + len(rows.resume)
    expected = present + min(max(0, pool.size - present), _room(pool, rows))
    back = to_call_back(pool.teams, [*rows.fresh, *rows.claimed], expected, now)
    names = {row.username for row in back}
    return replace(
        rows,
        remove=[*rows.remove, *(Removal(row, f"called back for {row.lender}") for row in back)],
        claimed=[row for row in rows.claimed if row.username not in names],
    )


def _plan_pool(
    pool: Pool, rows: _Rows, fingerprints: Fingerprints, allowance: Allowance
) -> PoolPlan:
    wanted = max(0, pool.size - len(rows.fresh) - len(rows.resume))
    roomy = Allowance(allowance.daily, max(0, allowance.active) + len(rows.stale))
    room = _room(pool, rows)
    created, reason, limit = _bounded(pool, wanted, room, roomy)
    covered = len(rows.fresh) + len(rows.resume) + created
    slots = max(0, min(created, allowance.active, room - len(rows.stale)))
    return PoolPlan(
        pool=pool.name,
        size=pool.size,
        available=tuple(rows.fresh),
        resume=tuple(rows.resume),
        create=tuple(_shared_out(pool, created, rows.fresh + rows.resume, fingerprints)),
        remove=tuple(rows.remove),
        retire=tuple(rows.stale[: _retired(pool, len(rows.stale), covered, created - slots)]),
        slots=slots,
        swap=pool.swap.of(pool.size),
        missing=wanted - created,
        not_more_because=reason,
        limit=limit,
        outdated=tuple(rows.stale),
        claimed=tuple(rows.claimed),
        kept=tuple(rows.held),
    )


def _retired(pool: Pool, stale: int, covered: int, swaps: int) -> int:
    """How many stale orgs go: all, if all their places are taken; else those that are."""
    return stale if covered >= pool.size else max(swaps, stale + covered - pool.size, 0)


def _removal(row: Org, fingerprints: Fingerprints, now: datetime) -> Removal | None:
    """Why this org must end now, if it must."""
    if row.expires_at and row.expires_at <= now and row.state is not State.CLAIMED:
        return Removal(row, f"expired at {row.expires_at:%Y-%m-%d %H:%M} UTC")
    if row.state in TO_DELETE and not row.kept:
        return Removal(row, row.error or row.state.value)
    if row.state in UNFINISHED and not _is_current(row, fingerprints):
        return Removal(row, CONTENT_MEANWHILE)
    return None


def _is_current(row: Org, fingerprints: Fingerprints) -> bool:
    return fingerprints.get((row.pool, row.definition)) == row.fingerprint


def _staleness(pool: Pool, row: Org, fingerprints: Fingerprints, now: datetime) -> Removal | None:
    """Why an available org is to be replaced, if it is."""
    if not _is_current(row, fingerprints):
        return Removal(row, CONTENT)
    if row.expires_at and row.expires_at < now + MINIMUM_LIFE:
        return Removal(row, f"expires in less than {MINIMUM_LIFE.seconds // 3600} hours")
    built = row.available_at or row.created_at
    if pool.refresh_after and built and built + pool.refresh_after <= now:
        return Removal(row, "older than refresh_after")
    return None


def _room(pool: Pool, rows: _Rows) -> int:
    """How many new orgs the pool's `maximum` lets in, once the stale ones are gone."""
    if pool.maximum is None:
        return pool.size + len(rows.stale)
    return max(0, pool.maximum - len(rows.fresh) - len(rows.resume) - len(rows.claimed))


def _bounded(pool: Pool, wanted: int, room: int, allowance: Allowance) -> tuple[int, str, str]:
    """How many of `wanted` may be signed up; why not more; and the hub limit behind that."""
    if room < wanted and room <= allowance.left:
        return room, f"claimed orgs use up the pool's maximum of {pool.maximum}", ""
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

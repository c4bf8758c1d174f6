"""Room for new orgs: free slots of the Dev Hub, and outdated orgs that are deleted in batches.

An available org is deleted only on evidence that another will take its place. The first org of a
new content is that evidence. Until it is available, one outdated org may be deleted, and only if
the first one has no other room. After that, as many orgs may be missing at a time as `swap` of the
pool says.

How many are missing must never be underestimated, or too many orgs are deleted. A slot is missing
while it is free, or while its org is pending, or failed and not deleted yet. Each slot is in
exactly one of two counts, and moves between them under the build's lock: `free`, and the usernames
in `taken`. To these, the ledger adds orgs that wait for deletion and are not this build's.

Builds of other pools take free slots as well. While orgs of a pool make room for new ones, the
ledger keeps their slots for the pool (`Ledger.hold`), so that none of them shrinks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner.builder.crashes import guarded
from provisioner.builder.deletions import delete, why_deleted
from provisioner.builder.signup_queue import DISPATCH
from provisioner.ledger.base import TO_DELETE, UNFINISHED, Org, State
from provisioner.plan import Creation, PoolPlan, Removal

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

LONGEST_HOLD = timedelta(hours=1)
"""For how long the slot of a deleted org is kept for its pool, if the build is killed."""

_READ = frozenset({State.AVAILABLE}) | UNFINISHED | TO_DELETE


@dataclass
class _PoolRoom:
    plan: PoolPlan
    free: int  # slots that this pool may use
    taken: set[str]  # usernames of this build's orgs that are not available, kept or deleted
    reasons: dict[str, str] = field(default_factory=dict)  # username of an outdated org → why
    searched: object = None  # the counts of the build when no org could be deleted for room


class Room:
    """Which orgs may be signed up now. Safe to use from several threads."""

    def __init__(self, context: BuildContext, plans: Sequence[PoolPlan]) -> None:
        self._context = context
        self._pools = {
            plan.pool: _PoolRoom(
                plan,
                free=plan.slots,
                taken={org.username for org in plan.resume},
                reasons={r.org.username: r.reason for r in plan.retire},
            )
            for plan in plans
        }
        promised = sum(plan.slots for plan in plans)
        self._swapping: set[str] = set()  # pools of which outdated orgs were deleted for room
        self._spare = max(0, context.progress.allowance.active - promised)

    def take(self, pool: str, username: str) -> bool:
        """Take a slot for one new org of `pool`; False when there is none. Memory only."""
        with self._context.lock:
            own = self._pools[pool]
            if own.free > 0:
                own.free -= 1
            elif self._spare > 0 and not own.plan.is_short_of_room:
                self._spare -= 1
            else:
                return False
            own.taken.add(username)
            return True

    def give(self, pool: str, username: str) -> None:
        """A slot of `pool` is free again: its org is deleted, or was never created."""
        with self._context.lock:
            own = self._pools[pool]
            own.free += 1
            own.taken.discard(username)
        self._context.scheduler.wake(DISPATCH)

    def put_back(self, pool: str, username: str) -> None:
        """A slot that was taken is not used yet."""
        with self._context.lock:
            own = self._pools[pool]
            own.free += 1
            own.taken.discard(username)

    def lose(self, pool: str, username: str) -> None:
        """A slot that was taken is not free: another build, or somebody else, has it."""
        self.keep(pool, username)

    def add(self, slots: int) -> None:
        """The Dev Hub has so many slots that are free, for any pool."""
        with self._context.lock:
            self._spare = max(0, slots - sum(own.free for own in self._pools.values()))

    def keep(self, pool: str, username: str) -> None:
        """An org keeps its slot: it is available, kept for people, or somebody else's."""
        with self._context.lock:
            self._pools[pool].taken.discard(username)

    def hold(self, orgs: Sequence[Org]) -> None:
        """New orgs of a pool have failed and are about to be deleted.

        Their slots are kept for the pool if outdated orgs were deleted for them.
        """
        self._hold([org for org in orgs if org.pool in self._swapping])

    def release(self) -> None:
        """At the end of a build: other builds may use the slots that are left."""
        if self._swapping:
            self._context.ledger.release_slots(list(self._pools))

    def request(self, creations: Sequence[Creation]) -> None:
        """Delete outdated orgs for these, if that is safe; then sign-ups are dispatched again."""
        for pool in dict.fromkeys(creation.pool for creation in creations):
            waiting = [creation for creation in creations if creation.pool == pool]
            self._schedule(self._pools[pool], waiting)

    def _schedule(self, own: _PoolRoom, waiting: Sequence[Creation]) -> None:
        context, progress = self._context, self._context.progress
        with context.lock:
            outcomes: tuple[list[Any], ...] = progress.built, progress.failed, progress.deleted
            counts = (*map(len, outcomes), own.free, len(own.taken))
            if own.searched == counts:
                return  # nothing has changed since: the ledger need not be read again
            own.searched = counts

        def failed(error: Exception) -> None:
            context.reporter.warn(
                f"{own.plan.pool}: outdated orgs could not be deleted to make room: {error}"
            )

        job = guarded(context.reporter, lambda: self._make(own, waiting), failed)
        context.scheduler.add(f"room {own.plan.pool}", job)

    def _make(self, own: _PoolRoom, waiting: Sequence[Creation]) -> None:
        """Delete what is marked for deletion anyway, then outdated orgs."""
        marked = self._context.ledger.orgs(pool=own.plan.pool, states=TO_DELETE)
        marked = [row for row in marked if row.org_id and not row.kept]
        self._delete(own, [Removal(row, why_deleted(row)) for row in marked])
        swaps = self._swaps(own, waiting)
        self._delete(own, swaps)
        if swaps:  # somebody may have just claimed them all: search for others
            with self._context.lock:
                own.searched = None
            self._context.scheduler.wake(DISPATCH)

    def _delete(self, own: _PoolRoom, removals: Sequence[Removal]) -> None:
        if removals:
            self._swapping.add(own.plan.pool)
            self._hold([removal.org for removal in removals])
        for org in delete(self._context, removals):
            self.give(own.plan.pool, org.username)

    def _hold(self, orgs: Sequence[Org]) -> None:
        if orgs:
            self._context.ledger.hold(orgs, self._context.now() + LONGEST_HOLD)

    def _swaps(self, own: _PoolRoom, waiting: Sequence[Creation]) -> list[Removal]:
        """The available orgs that may be deleted now."""
        rows = self._context.ledger.orgs(pool=own.plan.pool, states=_READ)
        available = [row for row in rows if row.state is State.AVAILABLE]
        others = {r.username for r in rows if r.state is not State.AVAILABLE and not r.kept}
        with self._context.lock:  # after the rows: a slot that moves meanwhile is counted here
            free, missing = own.free, own.free + len(own.taken | others)
        too_many = max(0, len(available) - own.plan.size)
        most = max(0, self._batch(own, waiting) - missing) + too_many
        count = max(0, min(len(waiting) - free, most))
        return [*_matching(own, available, waiting)][:count]

    def _batch(self, own: _PoolRoom, waiting: Sequence[Creation]) -> int:
        """How many orgs may be missing: one, until an org of the new content was available."""
        is_verified = all(map(self._context.circuit_breaker.is_verified, waiting))
        return own.plan.swap if is_verified else 1

    def retire(self) -> None:
        """At the end of a build: delete as many outdated orgs as new ones have replaced."""
        for own in self._pools.values():
            if own.reasons and not self._context.scheduler.is_stopping:
                rows = self._context.ledger.orgs(pool=own.plan.pool, states=[State.AVAILABLE])
                delete(self._context, _surplus(own, rows))


def _matching(
    own: _PoolRoom, available: Sequence[Org], waiting: Sequence[Creation]
) -> Iterator[Removal]:
    """An outdated org for each creation, of the same definition if there is one."""
    outdated = [row for row in available if row.username in own.reasons]
    for creation in waiting:
        if outdated:
            same = (row for row in outdated if row.definition == creation.definition)
            row = next(same, outdated[0])
            outdated.remove(row)
            yield Removal(row, f"to make room for a new org: {own.reasons[row.username]}")


def _surplus(own: _PoolRoom, available: Sequence[Org]) -> list[Removal]:
    """The outdated orgs that are not needed, those of definitions with most orgs first."""
    left = list(available)
    fresh = sum(row.username not in own.reasons for row in left)
    count = len(left) - own.plan.size
    if fresh < own.plan.size:
        count = min(count, fresh)
    found: list[Removal] = []
    while len(found) < count and (old := [r for r in left if r.username in own.reasons]):
        counts = [sum(other.definition == row.definition for other in left) for row in old]
        row = old[counts.index(max(counts))]
        left.remove(row)
        found.append(Removal(row, own.reasons[row.username]))
    return found

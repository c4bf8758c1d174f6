"""Room for new orgs: free slots of the Dev Hub, and stale orgs that make way, a batch at a time.

An org that waits in a pool is deleted only on evidence that another will take its place. The first
org of a new content proves it; until then one stale org may make way, and only where that first one
has no other room. After that as many may be missing at a time as `swap` of the pool says. What is
missing is read from the ledger each time: orgs under way, and orgs that could not be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.deletions import delete, why_deleted
from provisioner.ledger.base import TO_DELETE, UNFINISHED, Org, State
from provisioner.plan import Creation, PoolPlan, Removal

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext

_READ = frozenset({State.AVAILABLE}) | UNFINISHED | TO_DELETE


@dataclass
class _Pool:
    plan: PoolPlan
    free: int  # slots that this pool may use
    reasons: dict[str, str] = field(default_factory=dict)  # username of a stale org → why
    asked: object = None  # how things stood when last no org could make way


class Room:
    """Who may be signed up now. Safe to use from several threads."""

    def __init__(self, context: BuildContext, plans: Sequence[PoolPlan]) -> None:
        self._context = context
        self._pools = {
            plan.pool: _Pool(plan, plan.slots, {r.org.username: r.reason for r in plan.retire})
            for plan in plans
        }
        promised = sum(plan.slots for plan in plans)
        promised += sum(org.state is State.INTENDED for plan in plans for org in plan.resume)
        self._spare = max(0, context.allowance.active - promised)
        self.found: Callable[[], None] = lambda: None
        """Set by the build: there is room that was not there before."""

    def take(self, pool: str) -> bool:
        """Take a slot for one new org of `pool`; False when there is none."""
        with self._context.lock:
            own = self._pools[pool]
            if own.free > 0:
                own.free -= 1
            elif self._spare > 0 and not own.plan.is_short_of_room:
                self._spare -= 1
            else:
                return False
            return True

    def give(self, pool: str) -> None:
        """A slot of `pool` is free again: its org is deleted, or was never made."""
        with self._context.lock:
            self._pools[pool].free += 1
        self.found()

    def ask(self, creations: Sequence[Creation]) -> None:
        """Let stale orgs make way for these, as far as that is safe; `found` is told if any did."""
        for pool in dict.fromkeys(creation.pool for creation in creations):
            waiting = [creation for creation in creations if creation.pool == pool]
            self._schedule(self._pools[pool], waiting)

    def _schedule(self, own: _Pool, waiting: Sequence[Creation]) -> None:
        context = self._context
        stands = (len(context.built), len(context.failed), len(context.deleted), own.free)
        if own.asked == stands:
            return  # nothing has happened since: the ledger need not be read again
        own.asked = stands

        def not_made(error: Exception) -> None:
            context.say(
                f"{own.plan.pool}: outdated orgs could not be deleted to make room: {error}",
                is_warning=True,
            )

        job = guarded(context, lambda: self._make(own, waiting), not_made)
        context.scheduler.add(f"room {own.plan.pool}", job)

    def _make(self, own: _Pool, waiting: Sequence[Creation]) -> None:
        """What is to be deleted anyway makes way first, then stale orgs."""
        going = self._context.ledger.orgs(pool=own.plan.pool, states=TO_DELETE)
        going = [row for row in going if row.org_id and not row.kept]
        has_found = self._delete(own, [Removal(row, why_deleted(row)) for row in going])
        with self._context.lock:  # a slot that is free and an org under way: each counts once
            rows = self._context.ledger.orgs(pool=own.plan.pool, states=_READ)
            free, batch = own.free, self._batch(own, waiting)
        available = [row for row in rows if row.state is State.AVAILABLE]
        missing = sum(row.state is not State.AVAILABLE and not row.kept for row in rows)
        most = max(0, batch - missing - free) + max(0, len(available) - own.plan.size)
        count = max(0, min(len(waiting) - free, most))
        swaps = [*self._swaps(own, available, waiting)][:count]
        self._delete(own, swaps)
        if swaps or has_found:  # also when somebody has claimed them all: the next are looked at
            own.asked = None
            self.found()

    def _delete(self, own: _Pool, removals: Sequence[Removal]) -> bool:
        gone = len(delete(self._context, removals))
        with self._context.lock:
            own.free += gone
        return gone > 0

    def _batch(self, own: _Pool, waiting: Sequence[Creation]) -> int:
        """How many may be missing: one, until the new content has been seen to work."""
        is_proven = all(map(self._context.circuit_breaker.is_proven, waiting))
        return own.plan.swap if is_proven else 1

    def _swaps(
        self, own: _Pool, available: Sequence[Org], waiting: Sequence[Creation]
    ) -> Iterator[Removal]:
        """A stale org for each creation, if it can be, of the same definition."""
        stale = [row for row in available if row.username in own.reasons]
        for creation in waiting:
            if stale:
                same = (row for row in stale if row.definition == creation.definition)
                row = next(same, stale[0])
                stale.remove(row)
                yield Removal(row, f"to make room for a new org: {own.reasons[row.username]}")

    def retire(self) -> None:
        """At the end: delete as many stale orgs as new ones have come to take their place."""
        for own in self._pools.values():
            if own.reasons and not self._context.scheduler.is_stopping:
                rows = self._context.ledger.orgs(pool=own.plan.pool, states=[State.AVAILABLE])
                delete(self._context, _surplus(own, rows))


def _surplus(own: _Pool, available: Sequence[Org]) -> list[Removal]:
    """The stale orgs that are not needed, those of definitions with most orgs first."""
    left = list(available)
    fresh = sum(row.username not in own.reasons for row in left)
    count = len(left) - own.plan.size
    if fresh < own.plan.size:
        count = min(count, fresh)
    found: list[Removal] = []
    while len(found) < count and (stale := [r for r in left if r.username in own.reasons]):
        counts = [sum(other.definition == row.definition for other in left) for row in stale]
        row = stale[counts.index(max(counts))]
        left.remove(row)
        found.append(Removal(row, own.reasons[row.username]))
    return found

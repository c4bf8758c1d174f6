"""What follows from the plan of a pool if nothing fails.

Which new org replaces which outdated one, how many wait for the canary, and the fewest orgs that
are available meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import CircuitBreaker
from provisioner.builder.signup_queue import in_turn
from provisioner.plan import Creation, PoolPlan, Removal

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile


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

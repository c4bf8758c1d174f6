"""The person for whom a page is made, and what it may offer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from provisioner.access.roles import Role
from provisioner.ledger.base import Org, State
from provisioner.server.sign_in import person_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.access.person import Person
    from provisioner.server.world import World


@dataclass(frozen=True)
class Viewer:
    """What a page does not offer is refused by `provisioner.access` anyway."""

    world: World
    person: Person

    def role(self, pool: str) -> Role:
        """Their role in a pool."""
        return self.world.access.role(self.person, pool)

    def sees(self, pool: str) -> bool:
        """Whether they see a pool and its orgs."""
        return self.role(pool) >= Role.VIEWER

    def may_claim(self, pool: str) -> bool:
        """Whether they may claim from a pool. One that pool.yaml does not have gets no new orgs."""
        return pool in self.world.config.pools and self.role(pool) >= Role.CLAIMER

    def owns(self, org: Org) -> bool:
        """Whether the org is claimed by them: only then they get its session."""
        is_own = org.state is State.CLAIMED and self.person.owns(org.owner)
        return is_own and self.role(org.pool) >= Role.CLAIMER

    def may_change(self, org: Org) -> bool:
        """Whether they may extend and release a claim."""
        is_operator = self.role(org.pool) >= Role.OPERATOR
        return org.state is State.CLAIMED and (is_operator or self.owns(org))


async def viewer_of(world: World, request: Request) -> Viewer:
    """The person who sends a request. Raises AccessError."""
    return Viewer(world, await run_in_threadpool(person_of, world, request))

"""The roles of people in pools, from their groups. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from provisioner.errors import AccessError

if TYPE_CHECKING:
    from provisioner.access.person import Person
    from provisioner.config.model import Pool
    from provisioner.config.server import Roles
    from provisioner.ledger.base import Org

EVERYONE = "everyone"
"""The group of all who have signed in."""


class Role(IntEnum):
    """What a person may do with a pool. Each role includes the lower ones."""

    NONE = 0
    VIEWER = 1  # sees the pool and its orgs
    CLAIMER = 2  # claims orgs, extends and releases own claims, gets their sessions
    OPERATOR = 3  # extends and releases all claims; gets no session of others


@dataclass(frozen=True)
class Access:
    """The rules of one pool.yaml. A pool's own `roles` replace those of the server."""

    roles: Roles
    pools: Mapping[str, Pool]

    def role(self, person: Person, pool: str) -> Role:
        """The highest role of a person in a pool, which pool.yaml may no longer have."""
        if person.pools is not None:  # a CI job
            return Role.CLAIMER if pool in person.pools else Role.NONE
        if person.is_local:
            return Role.OPERATOR
        known = self.pools.get(pool)
        roles = (known.roles if known else None) or self.roles
        groups = person.groups | {EVERYONE}
        if groups.intersection(roles.operator):
            return Role.OPERATOR
        if groups.intersection(roles.claimer):
            return Role.CLAIMER
        return Role.VIEWER if groups.intersection(roles.viewer) else Role.NONE

    def require(self, person: Person, pool: str, role: Role) -> None:
        """Raises AccessError unless the person has `role` in the pool."""
        if self.role(person, pool) < role:
            raise AccessError(
                f"{person.name} is not {_article(role)} of the pool {pool}",
                hint=f"ask for a group that server.roles.{role.name.lower()} of pool.yaml lists",
            )

    def require_owner(self, person: Person, org: Org) -> None:
        """Raises AccessError unless the person owns the claim and may still claim in its pool."""
        self.require(person, org.pool, Role.CLAIMER)
        if not person.owns(org.owner):
            raise AccessError(
                f"the session of {org.username} is only for the owner of its claim",
                hint="claim an org of your own",
            )


def _article(role: Role) -> str:
    name = role.name.lower()
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"

"""A person who has signed in on the page before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.access.person import Person
    from provisioner.server.cookies import SignedIn
    from provisioner.server.world import World


def signed_in(world: World, connection: HTTPConnection) -> SignedIn | None:
    """The content of the cookie of a request; None without a valid one."""
    value = connection.cookies.get(world.cookies.name, "")
    found = world.cookies.open(value) if value else None
    if found is None or world.ended.has(found):
        return None
    return replace(found, person=replace(found.person, address=address_of(world, connection)))


def person(world: World, connection: HTTPConnection) -> Person | None:
    """The person of the cookie. A request that changes something has to prove its origin too.

    Called in a thread: it may read the ledger.
    """
    if not connection.cookies.get(world.cookies.name):
        return None
    world.ended.refresh(world)
    found = signed_in(world, connection)
    return found.person if found else None

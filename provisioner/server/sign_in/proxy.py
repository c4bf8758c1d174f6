"""A person whom a reverse proxy has signed in, and names in a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.claim.owner import clean_text
from provisioner.errors import AccessError
from provisioner.server.sign_in.address import address_of, is_from_proxy

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.server.world import World


def person(world: World, connection: HTTPConnection) -> Person | None:
    """The person in the proxy's header; None without `server.proxy`.

    Raises AccessError for a request that does not come from the proxy, whatever it says.
    """
    proxy = world.server.proxy
    if proxy is None:
        return None
    if not is_from_proxy(world, connection):
        raise AccessError(
            "this server answers only to its reverse proxy",
            hint="open the address of the proxy, or add its address to server.proxy.addresses",
        )
    named = connection.headers.getlist(proxy.user_header)
    if len(named) != 1 or not named[0].strip():
        return None
    name = clean_text(named[0], proxy.user_header)
    groups = connection.headers.get(proxy.groups_header, "").split(",")
    found = frozenset(filter(None, map(str.strip, groups)))
    return Person(name, found, way="proxy", address=address_of(world, connection))

"""One person on this machine, who can read the token file."""

from __future__ import annotations

import getpass
import hmac
from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.errors import AccessError
from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.server.world import World


def person(world: World, connection: HTTPConnection) -> Person | None:
    """The person of the token file. Raises AccessError for another token."""
    token = bearer(connection)
    if not world.local_token or not token:
        return None
    if not hmac.compare_digest(token.encode(), world.local_token.encode()):
        raise AccessError("the token is not the one of the token file", code="not_signed_in")
    return local_person(address_of(world, connection))


def local_person(address: str) -> Person:
    """The one person of a server on loopback: the user of the operating system."""
    return Person(getpass.getuser(), way="token file", address=address, is_local=True)


def bearer(connection: HTTPConnection) -> str:
    """The token of the header Authorization; "" without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""

"""Who sends a request: each way of signing in is one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.errors import AccessError
from provisioner.server.sign_in import ci, cookie, proxy, token_file

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.access.person import Person
    from provisioner.server.world import World

WAYS = (ci.person, proxy.person, token_file.person, cookie.person)
"""Each gives the person of a request, or None when its way does not apply to it.

It raises AccessError for a request that proves something false.
"""


class UnknownPersonError(AccessError):
    """The request does not say who sends it."""

    default_code = "not_signed_in"


def person_of(world: World, connection: HTTPConnection) -> Person:
    """The person who sends a request; its state has them, too.

    Raises AccessError; LedgerError while the ledger is away, because nothing works without it.
    """
    world.away.require_ledger()
    for way in WAYS:
        if (found := way(world, connection)) is not None:
            connection.state.person = found
            world.people.require(found.name)
            return found
    raise UnknownPersonError("sign in first", hint="send Authorization: Bearer TOKEN")

"""Refusals are events in the ledger: a few of each address, so that nobody can fill it with them.

The log has all of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.errors import LedgerError
from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.server.world import World

NOBODY = "somebody"
_LONGEST = 200  # characters of a reason


def record_refusal(world: World, connection: HTTPConnection, why: str) -> None:
    """Add the event of a request that was refused. It contains no token."""
    address = address_of(world, connection)
    left_out = world.refusals.left_out(address)
    if left_out is None:
        return
    person = getattr(connection.state, "person", None) or Person(NOBODY, address=address)
    what = "".join(filter(str.isprintable, why))[:_LONGEST]
    more = f"; {left_out} more since the last one" if left_out else ""
    with suppress(LedgerError):  # the ledger is away; the request is refused anyway
        org = world.ledger.get(str(connection.path_params.get("username", "")))
        world.record(person, "refusal", org.username if org else "", why=f"{what}{more}")

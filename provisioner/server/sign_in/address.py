"""From where a request comes."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from provisioner.config.notify import LOOPBACK

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.server.world import World


def is_from_proxy(world: World, connection: HTTPConnection) -> bool:
    """Whether the request comes from an address of `server.proxy`."""
    proxy, client = world.server.proxy, connection.client
    if proxy is None or client is None:
        return False
    try:
        host = ip_address(client.host)
    except ValueError:
        return False
    return any(host in ip_network(network) for network in proxy.addresses)


def address_of(world: World, connection: HTTPConnection) -> str:
    """The address of the client; that which a trusted proxy names, if the request comes from it.

    A proxy appends the address that it sees to X-Forwarded-For: only the last one is its own.
    """
    direct = connection.client.host if connection.client else ""
    if not (is_from_proxy(world, connection) or _is_from_own_proxy(world, direct)):
        return direct
    named = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return str(ip_address(named))
    except ValueError:
        return direct


def _is_from_own_proxy(world: World, direct: str) -> bool:
    """Whether a reverse proxy on this machine ends the TLS of `server.url`.

    Other processes of this machine could send the header, too, but not the sign-in of a person.
    """
    return world.is_https and world.server.tls is None and direct in LOOPBACK

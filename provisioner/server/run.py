"""Runs the server until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from provisioner.config.notify import LOOPBACK
from provisioner.config.server import Server
from provisioner.errors import UsageError
from provisioner.server.app import create_app
from provisioner.server.sign_in.token_file import token_of
from provisioner.server.world import World

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger

LAST_REQUESTS = 8  # seconds that running requests have after SIGTERM


def serve(
    config: PoolFile,
    ledger: Ledger,
    host: str,
    port: int,
    *,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM. Raises UsageError when it cannot listen."""
    settings = config.server or Server()
    require_protection(settings, host)
    token_file = config.directory / ".provisioner" / "server-token"
    is_for_one = settings.sign_in is None and settings.proxy is None
    world = World(config, ledger, warn, local_token=token_of(token_file) if is_for_one else "")
    listener = _listener(host, port)
    tls = settings.tls
    server = Application(
        uvicorn.Config(
            create_app(world),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # address_of reads them, and only those of a trusted proxy
            timeout_graceful_shutdown=LAST_REQUESTS,
            ssl_certfile=config.directory / tls.certificate if tls else None,
            ssl_keyfile=config.directory / tls.private_key if tls else None,
        )
    )
    address = f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}"
    token = f" The token is in {token_file}." if is_for_one else ""
    say(f"Serving {settings.url or address} on {address}.{token} Stop with Ctrl-C.")
    server.run(sockets=[listener])


class Application(uvicorn.Server):
    """A server that ends the live streams when it stops, and then waits for the other requests."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.config.app.state.live.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def require_protection(settings: Server, host: str) -> None:
    """Raises UsageError for an address of a network where tokens could be read, or by anyone."""
    if host in LOOPBACK:
        return
    if settings.sign_in is None and settings.proxy is None:
        raise UsageError(
            f"without sign-in this server answers only on this machine, not on {host}",
            hint="omit --host; or write server.sign_in or server.proxy in pool.yaml",
        )
    if settings.tls is None and settings.proxy is None:
        raise UsageError(
            f"tokens must not cross a network in the clear: {host} is not this machine",
            hint="write server.tls in pool.yaml; or omit --host, and let a reverse proxy on this "
            "machine end TLS; or name the proxy in server.proxy.addresses",
        )


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="pass another --port"
        ) from None

"""Runs the server until it is stopped."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from provisioner.config.notify import LOOPBACK
from provisioner.config.server import Server
from provisioner.errors import UsageError
from provisioner.server.access_log import Problems
from provisioner.server.app import create_app
from provisioner.server.connections import MOST, TimedProtocol
from provisioner.server.sign_in.token_file import token_of
from provisioner.server.world import World

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger

LAST_REQUESTS = 8  # seconds that running requests have after SIGTERM
LAST = 9.5  # seconds after which the process ends in any case, as after a kill


def serve(
    config: PoolFile,
    ledger: Ledger,
    host: str,
    port: int,
    *,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    log: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `log` gets a line for each request.

    Raises UsageError when it cannot listen.
    """
    settings = config.server or Server()
    require_protection(settings, host)
    token_file = config.directory / ".provisioner" / "server-token"
    is_for_one = settings.sign_in is None and settings.proxy is None
    token = token_of(token_file) if is_for_one else ""
    world = World(config, ledger, warn, local_token=token, log=log)
    listener = _listener(host, port)
    logging.getLogger().handlers = [Problems(warn)]
    server = Application(uvicorn.Config(create_app(world), **SETTINGS, **tls_settings(config)))
    _announce(settings, host, listener.getsockname()[1], token_file if is_for_one else None, say)
    server.run(sockets=[listener])
    say("Stopped.")


SETTINGS: dict[str, Any] = {
    "http": TimedProtocol,
    "ws": "none",
    "lifespan": "off",
    "limit_concurrency": MOST,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # address_of reads them, and only those of a trusted proxy
    "timeout_graceful_shutdown": LAST_REQUESTS,
}


def tls_settings(config: PoolFile) -> dict[str, Any]:
    """The certificate and key. Raises UsageError when they do not fit, or cannot be read."""
    tls = config.server.tls if config.server else None
    if tls is None:
        return {}
    certificate, key = config.directory / tls.certificate, config.directory / tls.private_key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_passphrase)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise UsageError(
            f"the certificate of the server cannot be used: {reason}",
            hint="check server.tls: a PEM file with the chain, and one with its key, unencrypted",
        ) from None
    return {"ssl_certfile": certificate, "ssl_keyfile": key}


def _no_passphrase() -> str:
    raise ValueError("the private key is encrypted")


def _announce(
    settings: Server, host: str, port: int, token_file: Path | None, say: Callable[[str], None]
) -> None:
    scheme, name = "https" if settings.tls else "http", f"[{host}]" if ":" in host else host
    own = f"{scheme}://{name}:{port}"
    say(f"Serving {settings.url or own}" + (f" on {own}." if settings.url else "."))
    if token_file:
        say(f"Sign in with the token in {token_file.resolve()}.")
    say("Stop with Ctrl-C.")


class Application(uvicorn.Server):
    """A server that ends live streams and waiting claims when it stops, then waits for the rest."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; the process ends in LAST seconds, whatever a thread waits for."""
        if not self.should_exit:
            last = threading.Timer(LAST, os._exit, (0,))
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. uvicorn would send it again at the end; but then all is done."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        state = self.config.app.state  # type: ignore[union-attr]
        state.world.stopping.set()  # claims that wait end
        state.live.stop()
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
    if not settings.url:
        raise UsageError(
            f"requests to {host} would be refused: their header Host is not known",
            hint="write the address that people open as server.url in pool.yaml",
        )


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="pass another --port"
        ) from None

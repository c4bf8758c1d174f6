"""HTTP on http.client: for logins, and for the ledger on a Dev Hub, from the cold start of a claim.

requests takes 0.28 s to import, urllib.request keeps no connection. Proxies come from the
environment, never for a loopback address; redirects are never followed; every call ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urlsplit

from provisioner import __version__
from provisioner.salesforce.audience import is_loopback
from provisioner.salesforce.bounded import Limits, bounded, whole_body
from provisioner.salesforce.reply import Reply
from provisioner.salesforce.server_clock import ServerClock

if TYPE_CHECKING:
    import ssl

TIMEOUT = 60.0  # seconds without a byte
LIMITS = Limits(sending=60.0)


class Connections:
    """Idle connections by origin; a thread takes one, uses it alone, and puts it back."""

    def __init__(self, timeout: float = TIMEOUT, limits: Limits = LIMITS) -> None:
        self.sent = 0  # requests so far, answered or not
        self.dated: tuple[str, float] = ("", 0.0)  # the last answer, and when it came (monotonic)
        self.clock = ServerClock()
        self._timeout = timeout
        self._limits = limits
        self._idle: dict[str, list[HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One request and its answer, whatever its status.

        Raises OSError when no answer came; the request may have been acted on then.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        target = url[len(origin) :] or "/"
        known = {"Accept": "application/json", "User-Agent": f"provisioner/{__version__}"}
        connection = self._take(origin, parts)
        sent = time.monotonic()
        try:
            connection.request(method, target, body, {**known, **headers})
            with connection.getresponse() as answer:
                reply = _reply(answer, self._limits.size)
            self.dated = (reply.date, time.monotonic())
        except HTTPException as error:
            connection.close()
            raise ConnectionResetError(f"broken answer: {type(error).__name__}") from error
        except BaseException:
            connection.close()
            raise
        self.clock.observe(answer.headers, time.monotonic() - sent)
        self._put_back(origin, connection, is_over=answer.will_close)
        return reply

    def close(self) -> None:
        """Close all connections that are idle."""
        with self._lock:
            idle = [one for kept in self._idle.values() for one in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _take(self, origin: str, parts: SplitResult) -> HTTPConnection:
        with self._lock:
            self.sent += 1
            kept = self._idle.get(origin)
            if kept:
                return kept.pop()
        return self._new(origin, parts)

    def _put_back(self, origin: str, connection: HTTPConnection, *, is_over: bool) -> None:
        if is_over:
            connection.close()
            return
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)

    def _new(self, origin: str, parts: SplitResult) -> HTTPConnection:
        host = parts.hostname or ""
        proxy = _proxy(origin, parts)
        address = urlsplit(proxy) if proxy else parts
        is_tls = parts.scheme == "https"
        port = address.port or (443 if address.scheme == "https" else 80)
        name = address.hostname or ""
        connection = self._over_tls(name, port) if is_tls else self._in_clear(name, port)
        connection.timeout = self._timeout
        if proxy:
            connection.set_tunnel(host, parts.port, _proxy_credentials(address))
        return connection

    def _in_clear(self, host: str, port: int) -> HTTPConnection:
        return bounded(HTTPConnection, self._limits)(host, port)

    def _over_tls(self, host: str, port: int) -> HTTPConnection:
        from http.client import HTTPSConnection

        with self._lock:
            if self._tls is None:
                from provisioner.salesforce.certificates import trusted_certificates

                self._tls = trusted_certificates()
        kind: Any = bounded(HTTPSConnection, self._limits)
        return cast(HTTPConnection, kind(host, port, context=self._tls))


def _reply(answer: HTTPResponse, most: int) -> Reply:
    """The whole answer. Raises IncompleteRead when the connection ended before it."""
    body = whole_body(answer.read, answer.headers.get("Content-Encoding", ""), most)
    if answer.length:
        raise IncompleteRead(body, answer.length)
    return Reply(
        status=answer.status,
        body=body,
        content_type=answer.headers.get("Content-Type", ""),
        location=answer.headers.get("Location", ""),
        date=answer.headers.get("Date", ""),
    )


def _proxy(origin: str, parts: SplitResult) -> str:
    """The proxy that the environment names for an address; "" for none."""
    if is_loopback(origin) or not (
        sys.platform in ("darwin", "win32")  # where the system's settings may name one
        or any(name.lower().endswith("_proxy") for name in os.environ)
    ):
        return ""
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(parts.hostname or ""):
        return ""
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all") or ""
    return found if "://" in found or not found else f"http://{found}"


def _proxy_credentials(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    import base64
    from urllib.parse import unquote

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

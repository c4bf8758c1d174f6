"""The HTTP client for all requests to Salesforce, based on http.client.

It is imported quickly, for the cold start of a login (requests takes 0.28 s), and it pools its
connections, for a build. It does not retry: only the caller knows which requests are safe to
repeat. It does not follow redirects or store cookies. Every call has a time limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from provisioner import __version__
from provisioner.salesforce.bounded import Limits, bounded, copy_body, whole_body
from provisioner.salesforce.connection_pool import MOST_IDLE, ConnectionPool
from provisioner.salesforce.proxies import credentials, proxy_for
from provisioner.salesforce.reply import Reply
from provisioner.salesforce.streamed import Body, Sink

if TYPE_CHECKING:
    import ssl

CONNECT_TIMEOUT = 10.0  # seconds for one address of a host, and for the TLS handshake
TIMEOUT = 60.0  # seconds without a byte
LIMITS = Limits(sending=60.0)

HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"provisioner/{__version__}",
}
_TARGET_CHARACTERS = "%!#$&'()*+,/:;=?@[]~"


class NotConnectedError(OSError):
    """The connection or its TLS handshake failed: nothing of the request was sent.

    `__cause__` is the reason.
    """


class HttpClient:
    """Sends requests on pooled connections. Safe to use from several threads."""

    def __init__(
        self,
        timeout: float = TIMEOUT,
        limits: Limits = LIMITS,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        most_idle: int = MOST_IDLE,
        on_answer: Callable[[Reply], None] = lambda _: None,
        before_sending: Callable[[], None] = lambda: None,
    ) -> None:
        """`timeout` is in seconds without a byte; `limits` apply to each request and answer.

        `on_answer` is called with each answer, `before_sending` when the connection of a request
        is there: nothing is sent when it raises.
        """
        self.sent = 0  # requests so far, answered or not
        self._timeout = timeout
        self._connect_timeout = min(connect_timeout, timeout)
        self._limits = limits
        self._on_answer = on_answer
        self._before_sending = before_sending
        self._pool = ConnectionPool(most_idle)
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | None = None,
        sink: Sink | None = None,
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        The body of an answer with a success status is written to `sink`, if there is one.

        Raises NotConnectedError when the request was not sent, and another OSError when there is
        no answer: the server may have acted on the request.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        target = quote(url[len(origin) :].partition("#")[0] or "/", safe=_TARGET_CHARACTERS)
        with self._lock:
            self.sent += 1
        connection = self._pool.take(origin) or self._connected(origin)
        sent = time.monotonic()
        try:
            self._before_sending()
            connection.request(method, target, body, {**HEADERS, **headers, **_length(body)})
            with connection.getresponse() as answer:
                content = _content(answer, self._limits.size, sink)
        except HTTPException as error:
            connection.close()
            raise ConnectionResetError(f"broken answer: {type(error).__name__}") from error
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._pool.put(origin, connection)
        reply = Reply.of(answer.status, content, answer.headers, time.monotonic() - sent)
        self._on_answer(reply)
        return reply

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.close()

    def _connected(self, origin: str) -> HTTPConnection:
        """A new connection. Raises NotConnectedError."""
        connection = None
        try:
            connection = self._new(origin)
            connection.connect()
        except (OSError, HTTPException) as error:
            if connection is not None:
                connection.close()
            raise NotConnectedError(*error.args) from error
        connection.timeout = self._timeout
        connection.sock.settimeout(self._timeout)
        return connection

    def _new(self, origin: str) -> HTTPConnection:
        parts, proxy = urlsplit(origin), proxy_for(origin)
        address = proxy or parts
        is_tls = parts.scheme == "https"
        port = address.port or (443 if address.scheme == "https" else 80)
        name = address.hostname or ""
        connection = self._over_tls(name, port) if is_tls else self._in_clear(name, port)
        connection.timeout = self._connect_timeout
        if proxy:
            connection.set_tunnel(parts.hostname or "", parts.port, credentials(proxy))
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


def _length(body: Body | None) -> Mapping[str, str]:
    """The length of a body in pieces, which http.client does not know."""
    return {} if body is None or isinstance(body, bytes) else {"Content-Length": str(len(body))}


def _content(answer: HTTPResponse, most: int, sink: Sink | None) -> bytes:
    """The whole body, decompressed; empty when it was written to `sink`.

    Raises IncompleteRead when the connection ended early.
    """
    encoding, body = answer.headers.get("Content-Encoding", ""), b""
    if sink is not None and 200 <= answer.status < 300:
        sink.restart()
        copy_body(answer.read, encoding, most, sink.write)
    else:
        body = whole_body(answer.read, encoding, most)
    if answer.length:
        raise IncompleteRead(body)
    return body

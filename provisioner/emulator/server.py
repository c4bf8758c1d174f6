"""The emulator on a socket: HTTP/1.1 with persistent connections, a thread for each.

It uses the standard library's http.server: werkzeug's development server closes every
connection after one answer, unlike Salesforce.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from provisioner.emulator.application import Application
from provisioner.emulator.exchange import MOST_BYTES, DroppedError, Request, Response
from provisioner.emulator.world import World

_LONGEST_LINE = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST


class _BodyError(Exception):
    """A body of unknown length, or one that is too large."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _size(text: str, base: int) -> int:
    digits = text.strip()
    if not re.fullmatch(r"[0-9A-Fa-f]{1,16}" if base == 16 else r"[0-9]{1,16}", digits):
        raise _BodyError(400, "Bad Request: Content-Length is not a number")
    return _checked(int(digits, base))


def _checked(size: int) -> int:
    if size > MOST_BYTES:
        raise _BodyError(413, f"Request Entity Too Large: more than {MOST_BYTES} bytes")
    return size


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "emulator"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body are sent together
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # the application handles every method
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        try:
            body = self._read_body()
        except _BodyError as error:  # the start of the next request is unknown
            self.close_connection = True
            self._send(Response(error.status, str(error).encode(), {"Content-Type": "text/plain"}))
            return
        request = Request(
            self.command,
            self.path,
            {key.lower(): value for key, value in self.headers.items()},
            body,
            self.server.scheme,
        )
        try:
            response = self.server.application.respond(request)
        except DroppedError as dropped:
            self.close_connection = True
            if dropped.with_reset:
                self.server.reset(self.connection)
            return
        self._send(response)

    def handle_expect_100(self) -> bool:
        """Answer `Expect: 100-continue` at once; without the flush the answer stays buffered."""
        is_wanted = super().handle_expect_100()
        self.wfile.flush()
        return is_wanted

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(_size(self.headers.get("Content-Length") or "0", 10))

    def _chunks(self) -> list[bytes]:
        chunks: list[bytes] = []
        total = 0
        while size := _size(self._line().split(";")[0], 16):
            total = _checked(total + size)
            chunks.append(self.rfile.read(size))
            self._line()
        while self._line().strip():
            pass  # trailers
        return chunks

    def _line(self) -> str:
        return self.rfile.readline(_LONGEST_LINE).decode("latin-1")

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header has world time, as the dates of records have."""
        now = self.server.application.world.now().timestamp()
        return super().date_time_string(now if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Requests are in the world's log, not on stderr."""


class _Server(ThreadingHTTPServer):
    """The listening socket and its connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], application: Application, context: ssl.SSLContext | None
    ) -> None:
        self.application = application
        self.context = context
        self.scheme = "https" if context else "http"
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, in its own thread: so that its TLS handshake blocks no other."""
        if self.context is not None:
            request.settimeout(30)
            request = self.context.wrap_socket(request, server_side=True)
            request.settimeout(None)
        with self._lock:
            self._connections.add(request)
        try:
            _Handler(request, client_address, self)
        finally:
            with self._lock:
                self._connections.discard(request)
            if self.context is not None:
                self.shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        """Close a connection by RST, at once."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        socket.close(connection.detach())

    def close_connections(self) -> None:
        """Close all open connections."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has just been closed by the client

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that disconnects during a request; any other error is a bug."""
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


class EmulatorServer:
    """An emulator that listens on `http://127.0.0.1:PORT` (https with `tls`) while it runs.

    Use it as a context manager, or `start()` and `stop()`. Port 0 selects a free port.
    """

    def __init__(
        self,
        world: World,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.world = world
        self._host = host
        self.application = Application(world)
        self._server = _Server((host, port), self.application, tls)
        self._thread: threading.Thread | None = None
        self.port: int = self._server.server_address[1]
        self.url = f"{self._server.scheme}://{host}:{self.port}"
        world.url = self.url

    def start(self) -> Self:
        """Start to answer, in a separate thread; earlier connections are served as well."""
        self.world.holds.open()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and close all connections; running requests are aborted."""
        self.world.holds.close()
        if self._thread is not None:
            self._end_loop()
            self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    def _end_loop(self) -> None:
        """Stop the accepting loop, and wake it: it checks only at a new connection."""
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with contextlib.suppress(OSError):
            socket.create_connection((self._host, self.port), timeout=1).close()
        ending.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

"""A real HTTP server whose answers a test writes down: one entry a request, the last for ever."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """What the server does with one request."""

    status: int = 200
    body: Any = field(default_factory=dict)  # text as it is, anything else as JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    is_reset: bool = False  # the connection is cut instead
    waits_for: threading.Event | None = None


RESET = Answer(is_reset=True)


def error(status: int, code: str, message: str = "what went wrong") -> Answer:
    """Salesforce's envelope of an error."""
    return Answer(status, [{"errorCode": code, "message": message}])


EXPIRED = error(401, "INVALID_SESSION_ID", "Session expired or invalid")
UNAVAILABLE = error(503, "SERVER_UNAVAILABLE")


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int  # the client's port


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key.lower(): value for key, value in self.headers.items()}
        port = self.client_address[1]
        answer = self.server.scripted.take(Seen(self.command, self.path, headers, body, port))
        if answer.waits_for is not None:
            answer.waits_for.wait(30)
        if answer.is_reset:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            socket.close(self.connection.detach())
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        is_text = isinstance(answer.body, str)
        content = answer.body.encode() if is_text else json.dumps(answer.body).encode()
        kind = "text/html;charset=UTF-8" if is_text else "application/json;charset=UTF-8"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the client did not wait for it

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    scripted: ScriptedServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event here."""


class ScriptedServer:
    """Listens on loopback while it is used as a context manager."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._script: list[Answer] = [Answer()]
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripted = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def plays(self, *answers: Answer) -> None:
        """Answer with these, in order; the last one again and again."""
        with self._lock:
            self._script = list(answers)

    def take(self, seen: Seen) -> Answer:
        """The answer to a request."""
        with self._lock:
            self.seen.append(seen)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

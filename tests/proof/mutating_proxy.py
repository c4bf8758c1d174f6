"""A real HTTP proxy before the emulator that changes one answer of success on its way."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus, urlsplit

from provisioner.salesforce.calls import resource
from tests.proof.mutations import mutated

_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_BODY_HEADERS = frozenset({"content-length", "transfer-encoding", "content-encoding"})


@dataclass(frozen=True)
class Target:
    """The answer to change: the `nth` of a kind of request, counted from 1."""

    kind: str
    nth: int
    seed: int


def kind_of(method: str, url: str) -> str:
    """What a request is about: method, resource, and the object that a query reads."""
    found = _FROM.search(unquote_plus(urlsplit(url).query))
    return f"{method} {resource(url)}" + (f" {found[1]}" if found else "")


class MutatingProxy:
    """Passes everything on to `upstream`, on a free port. Use it as a context manager."""

    def __init__(self, upstream: str, target: Target | None = None) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.target = target
        self.done = ""  # what was changed, once it was
        self.counts: Counter[str] = Counter()  # answers of success, by kind
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def changed(self, method: str, url: str, body: bytes) -> tuple[bytes, str]:
        """The body to send for an answer of success, and its content type where that changes."""
        kind = kind_of(method, url)
        with self._lock:
            self.counts[kind] += 1
            target = self.target
            if (
                self.done
                or target is None
                or (kind, self.counts[kind])
                != (
                    target.kind,
                    target.nth,
                )
            ):
                return body, ""
            name, new, content_type = mutated(body, Random(f"answer {target.seed}"))
            self.done = f"{kind} ({target.nth}.): {name}"
        return new, content_type

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: MutatingProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = HTTPConnection(proxy.upstream)
        try:
            plain = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
            connection.request(self.command, self.path, body, plain)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        content_type = ""
        if answer.status < 300 and content:
            content, content_type = proxy.changed(self.command, self.path, content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in _BODY_HEADERS or (content_type and name.lower() == "content-type"):
                continue
            if name.lower() not in ("connection", "keep-alive"):
                self.send_header(name, value)
        if content_type:
            self.send_header("Content-Type", content_type)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - of the base
        """Say nothing."""

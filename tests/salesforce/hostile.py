"""A server on a bare socket, with TLS or without, that reads a request and then does its worst."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

Act = Callable[["Peer"], None]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Peer:
    """One connection whose request has been read."""

    def __init__(self, connection: socket.socket, server: HostileServer) -> None:
        self.connection = connection
        self.server = server

    def send(self, content: bytes) -> None:
        """Through TLS, where there is one; counted."""
        self.connection.sendall(content)
        self.server.sent += len(content)

    def send_all(self, pieces: Iterator[bytes], pause: float = 0.0) -> None:
        """Until there is no more, the client hangs up, or the test is over."""
        with suppress(OSError):
            for piece in pieces:
                self.send(piece)
                if self.server.over.wait(pause):
                    return

    def send_beneath(self, content: bytes) -> None:
        """On the socket itself, beneath TLS."""
        os.write(self.connection.fileno(), content)

    def close(self) -> None:
        """End TCP without a word of TLS."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End TCP at once, and harshly."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        socket.close(self.connection.detach())


class HostileServer:
    """Listens on loopback while it is used as a context manager."""

    def __init__(
        self, act: Act, tls: ssl.SSLContext | None = None, *, is_reading: bool = True
    ) -> None:
        """With `is_reading` false it acts as soon as there is a connection."""
        self.act = act
        self._is_reading = is_reading
        self._open: list[socket.socket] = []
        self.seen: list[bytes] = []  # the first line and the body of each request
        self.accepted = 0  # connections, with or without a request
        self.sent = 0  # bytes
        self.over = threading.Event()
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            for _ in itertools.count():
                connection, _address = self._listening.accept()
                connection.settimeout(30)
                self.accepted += 1
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if not self._is_reading:
                self.act(Peer(connection, self))
                return
            with (
                self._tls.wrap_socket(connection, server_side=True)
                if self._tls
                else connection as inner
            ):
                self._open.append(inner)
                while request := _request(inner):
                    self.seen.append(request)
                    self.act(Peer(inner, self))


def _request(connection: socket.socket) -> bytes:
    """The first line and the body of a request; empty when there is none."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    length = next(
        (int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head.partition(b"\r\n")[0] + b"\n" + body

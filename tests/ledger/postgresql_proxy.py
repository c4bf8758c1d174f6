"""A network between a ledger and its server that can be cut: at random, at a word, or for good."""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"  # how libpq calls the socket in a folder


class Proxy:
    """Listens in a folder of its own and forwards what it receives, until it is asked to cut."""

    def __init__(self, server: Path, *, seed: int = 0) -> None:
        """`server` is the folder of the server's socket."""
        self.folder = Path(tempfile.mkdtemp(prefix="pg-proxy-"))
        self.cuts = 0
        self.is_frozen = False  # a cut cable: nothing comes through, without an error
        self.probability = 0.0  # of a cut, for each message that passes
        self._words: list[tuple[bytes, bool]] = []
        self._server = str(server / SOCKET)
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET))
        self._listener.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_once_at(self, word: bytes, *, delivered: bool) -> None:
        """Cut the connection that next sends `word`: before the server gets it, or after.

        After means that the server has acted and its answer is lost. Called again, it cuts again
        at the next word, when the first has come.
        """
        self._words.append((word, delivered))

    def cut_all(self) -> None:
        """Break every connection that there is."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            _break(each)

    def close(self) -> None:
        """Break all, listen no more."""
        _break(self._listener)
        self.cut_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            with self._lock:
                self._sockets += [client, server]
            try:
                server.connect(self._server)
            except OSError:  # the server is down: the client gets an error
                _break(client)
                server.close()
                continue
            pair = (client, server)
            threading.Thread(target=self._pass_on, args=pair, daemon=True).start()
            threading.Thread(target=self._answer, args=pair, daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.is_frozen:
                    continue
                with self._lock:
                    is_next = bool(self._words) and self._words[0][0] in data
                    word = self._words.pop(0) if is_next else None
                    self.cuts += is_next
                if word and word[1]:
                    _break(client)  # before there is an answer
                    server.sendall(data)
                if word or self._is_unlucky():
                    break
                server.sendall(data)
        _break(client)
        _break(server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if not self.is_frozen:
                    if self._is_unlucky():
                        break
                    client.sendall(data)
        _break(client)
        _break(server)

    def _is_unlucky(self) -> bool:
        if not self.probability:
            return False
        with self._lock:
            is_cut = self._random.random() < self.probability
            self.cuts += is_cut
        return is_cut


@contextmanager
def proxy(server: Path, *, seed: int = 0) -> Iterator[Proxy]:
    """A proxy that is closed at the end of the block."""
    made = Proxy(server, seed=seed)
    try:
        yield made
    finally:
        made.close()


def _break(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()

"""Idle connections, by origin: each serves one thread at a time, and there is a bound for all."""

from __future__ import annotations

import select
import threading
from contextlib import suppress
from http.client import HTTPConnection

MOST_IDLE = 256  # connections; every scratch org is an origin of its own


class ConnectionPool:
    """Connections that wait for their next request. Safe to use from several threads."""

    def __init__(self, most: int = MOST_IDLE) -> None:
        self._most = most
        self._count = 0
        self._idle: dict[str, list[HTTPConnection]] = {}  # the origin used last comes last
        self._lock = threading.Lock()

    def take(self, origin: str) -> HTTPConnection | None:
        """A connection to `origin` that its server has not closed; None without one.

        A request on a closed connection would be lost, and nobody could tell whether it arrived.
        """
        while (found := self._pop(origin)) is not None:
            if not _is_closed_by_peer(found):
                return found
            found.close()
        return None

    def put(self, origin: str, connection: HTTPConnection) -> None:
        """Keep a connection whose answer has been read; the one idle longest makes room for it."""
        with self._lock:
            self._idle[origin] = [*self._idle.pop(origin, []), connection]
            self._count += 1
            surplus = self._oldest() if self._count > self._most else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close all that are idle."""
        with self._lock:
            idle = [one for some in self._idle.values() for one in some]
            self._idle.clear()
            self._count = 0
        for connection in idle:
            connection.close()

    def _pop(self, origin: str) -> HTTPConnection | None:
        """The one that was used last: the others may become superfluous."""
        with self._lock:
            some = self._idle.get(origin)
            if not some:
                return None
            self._count -= 1
            found = some.pop()
            if not some:
                del self._idle[origin]
            return found

    def _oldest(self) -> HTTPConnection:
        origin, some = next(iter(self._idle.items()))
        self._count -= 1
        found = some.pop(0)
        if not some:
            del self._idle[origin]
        return found


def _is_closed_by_peer(connection: HTTPConnection) -> bool:
    """Whether there is something to read where nothing was asked: an end, as a rule."""
    sock = connection.sock
    if sock is None:
        return True
    with suppress(OSError, ValueError):
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    return True

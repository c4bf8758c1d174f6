"""A pool of idle connections by origin. One thread at a time uses a connection."""

from __future__ import annotations

import select
import threading
from contextlib import suppress
from http.client import HTTPConnection

MOST_IDLE = 256  # connections; every scratch org has its own origin


class ConnectionPool:
    """Idle connections. Safe to use from several threads."""

    def __init__(self, most: int = MOST_IDLE) -> None:
        self._most = most
        self._count = 0
        self._idle: dict[str, list[HTTPConnection]] = {}  # the most recently used origin is last
        self._lock = threading.Lock()

    def take(self, origin: str) -> HTTPConnection | None:
        """A connection to `origin` that the server has not closed, or None.

        After a request on a closed connection it would be unknown whether the request arrived.
        """
        while (found := self._pop(origin)) is not None:
            if not _is_closed_by_peer(found):
                return found
            found.close()
        return None

    def put(self, origin: str, connection: HTTPConnection) -> None:
        """Pool a connection whose answer has been read. A full pool closes its oldest one."""
        with self._lock:
            self._idle[origin] = [*self._idle.pop(origin, []), connection]
            self._count += 1
            surplus = self._oldest() if self._count > self._most else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle = [one for some in self._idle.values() for one in some]
            self._idle.clear()
            self._count = 0
        for connection in idle:
            connection.close()

    def _pop(self, origin: str) -> HTTPConnection | None:
        """The most recently used connection, so that surplus ones stay idle and are closed."""
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
    """Whether an idle connection has something to read: in general, the end of the stream."""
    with suppress(OSError, ValueError):
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        return bool(poll.poll(0))
    return True

"""Requests that a fault holds until they are released."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Hold:
    """A request that waits until it is released."""

    number: int
    route: str
    method: str
    path: str
    at: str
    released: threading.Event = field(default_factory=threading.Event)


class Holds:
    """The requests that are held now. A test can wait for the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holds: dict[int, Hold] = {}
        self._number = 0
        self._is_closed = False

    def wait_in(self, route: str, method: str, path: str, at: str) -> None:
        """Block the calling thread until the hold is released or the server stops."""
        with self._changed:
            if self._is_closed:
                return
            self._number += 1
            hold = Hold(self._number, route, method, path, at)
            self._holds[hold.number] = hold
            self._changed.notify_all()
        hold.released.wait()

    def current(self, *, wait: float = 0.0, count: int = 1) -> list[Hold]:
        """The requests held now; `wait` is the time in seconds to wait for the first `count`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._holds) >= count or self._is_closed, wait)
            return list(self._holds.values())

    def release(self, number: int | None = None) -> int:
        """Release one request, or all; returns how many were released."""
        with self._changed:
            wanted = list(self._holds) if number is None else [number]
            holds = [self._holds.pop(one) for one in wanted if one in self._holds]
        for hold in holds:
            hold.released.set()
        return len(holds)

    def open(self) -> None:
        """Allow holds, because the server is running."""
        with self._changed:
            self._is_closed = False

    def close(self) -> None:
        """Release all requests and hold no more, because the server stops."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self.release()

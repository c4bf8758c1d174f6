"""Claims that wait for an org: in threads of their own, so that other requests never wait for one.

A waiting claim on PostgreSQL has a session of its own, and a server has 100 by default
(https://www.postgresql.org/docs/current/runtime-config-connection.html, max_connections).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from provisioner.errors import BusyError, UsageError

if TYPE_CHECKING:
    from provisioner.access.person import Person

MOST = 50  # claims that wait at a time …
MOST_OF_ONE = 25  # … and of one person or job
LONGEST = timedelta(minutes=10)

T = TypeVar("T")


class WaitingRoom:
    """Only for the thread of the event loop."""

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._threads = ThreadPoolExecutor(MOST, "waiting claim")

    @property
    def count(self) -> int:
        """How many claims wait now."""
        return self._names.total()

    async def run(self, person: Person, act: Callable[[], T]) -> T:
        """Run `act`, which waits. Raises BusyError when too many wait already."""
        with self._counted(person.name):
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        if self.count >= MOST or self._names[name] >= MOST_OF_ONE:
            raise BusyError(
                f"{self.count} claims wait at this server already, {self._names[name]} of them "
                f"of {name}",
                code="too_many_waiting",
                hint="send it again later, or without wait",
            )
        self._names[name] += 1
        try:
            yield
        finally:
            self._names[name] -= 1
            self._names += Counter()  # forget the names without a claim


def require_bound(wait: timedelta) -> None:
    """Raises UsageError for a wait that is too long."""
    if wait > LONGEST:
        raise UsageError(
            "wait is longer than 10m",
            code="bad_request",
            hint="send at most 10m, and repeat the claim with the same idempotency_key",
        )

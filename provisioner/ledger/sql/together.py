"""Claims that threads of one process make at the same time, and which thread serves them all.

The first thread leads: it serves all claims that wait by then, and passes the lead to the first of
those that have come meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.ledger.base import Claim, Org

_MOST = 50  # claims of one transaction: other processes wait for its end


@dataclass(eq=False)
class Request:
    """A claim of one thread, until it has led or another thread has served it."""

    claim: Claim
    now: datetime
    org: Org | None = None  # what it has got; after an error, what it would have got
    error: BaseException | None = None  # of the transaction that it shared
    is_done: bool = False
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def is_served(self) -> bool:
        """Whether `org` is the answer."""
        return self.org is not None and self.error is None


class Together:
    """The claims that wait, and whether one of their threads leads."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._waiting: deque[Request] = deque()
        self._is_led = False

    @property
    def is_inherited(self) -> bool:
        """Whether the process was forked since, and has none of these threads."""
        return self._pid != os.getpid()

    def add(
        self, request: Request, serve: Callable[[Callable[[], Sequence[Request]]], None]
    ) -> None:
        """Returns when a thread has tried to serve the request, perhaps this one by `serve`.

        `serve` gets a function that takes the waiting requests.
        """
        with self._guard:
            self._waiting.append(request)
            if not self._is_led:
                self._is_led = True
                request.turn.release()
        try:
            request.turn.acquire()
            if not request.is_done:
                with self._leading() as take:
                    serve(take)
        except BaseException:
            self._remove(request)
            raise

    @contextmanager
    def _leading(self) -> Iterator[Callable[[], Sequence[Request]]]:
        taken: list[Request] = []

        def take() -> Sequence[Request]:
            with self._guard:
                while self._waiting and len(taken) < _MOST:
                    taken.append(self._waiting.popleft())
            return taken

        try:
            yield take
        finally:
            for request in taken:
                request.is_done = True
                request.turn.release()
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            self._is_led = bool(self._waiting)
            if self._is_led:
                self._waiting[0].turn.release()

    def _remove(self, request: Request) -> None:
        """The thread of the request was interrupted before anyone took it, or while it led."""
        with self._guard:
            is_waiting = request in self._waiting
            if is_waiting:
                self._waiting.remove(request)
        if is_waiting and request.turn.acquire(blocking=False):  # it had got the lead
            self._pass_on()

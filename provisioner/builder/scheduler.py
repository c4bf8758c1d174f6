"""Runs jobs when they are due, several side by side, each again after the delay it asks for.

It knows nothing of Salesforce. One job per key at a time, so what belongs to one org never
runs twice at once; a waiting job costs an entry in a heap, not a thread.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Job = Callable[[], float | None]
"""Does something short; answers the seconds until it wants to run again, None when over."""


class Scheduler:
    """A heap of due times and a thread pool. `run` returns when no job is left."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._heap: list[tuple[float, int, str]] = []
        self._jobs: dict[str, Job] = {}
        self._entry: dict[str, int] = {}  # the heap entry that counts for a key; others are stale
        self._running: set[str] = set()
        self._again: set[str] = set()  # woken while running
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._failure: BaseException | None = None

    def add(self, key: str, job: Job, delay: float = 0.0) -> None:
        """Run `job` in `delay` seconds; a job of the same key is replaced, or follows if it runs.

        May be called from any thread, also by a running job.
        """
        with self._changed:
            self._jobs[key] = job
            if key in self._running:
                self._again.add(key)
            else:
                self._push(key, delay)
            self._changed.notify()

    def stop(self) -> None:
        """Start no further job; `run` returns when the running ones are over."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called, or a job failed."""
        return self._is_stopping

    def run(self) -> None:
        """Run until nothing is left or `stop`. Raises what a job raised: that is our bug."""
        with ThreadPoolExecutor(self._workers, thread_name_prefix="build") as pool:
            while (key := self._next()) is not None:
                pool.submit(self._execute, key)
        if self._failure is not None:
            raise self._failure

    def _push(self, key: str, delay: float) -> None:
        self._entry[key] = entry = next(self._order)
        heapq.heappush(self._heap, (time.monotonic() + delay, entry, key))

    def _next(self) -> str | None:
        """Wait for the next due key; None when all is over."""
        with self._changed:
            while True:
                self._drop_stale()
                if self._is_stopping or not (self._heap or self._running):
                    return None
                wait = self._heap[0][0] - time.monotonic() if self._heap else 1.0
                is_free = len(self._running) < self._workers
                if self._heap and wait <= 0 and is_free:
                    key = heapq.heappop(self._heap)[2]
                    self._running.add(key)
                    return key
                # A bounded wait lets the main thread see Ctrl-C on every platform.
                self._changed.wait(min(wait, 1.0) if is_free else 1.0)

    def _drop_stale(self) -> None:
        while self._heap and self._entry.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)

    def _execute(self, key: str) -> None:
        delay: float | None = None
        job = self._jobs[key]
        try:
            delay = job()
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that called run
            with self._changed:
                self._failure = self._failure or failure
                self._is_stopping = True
        with self._changed:
            self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._push(key, 0.0)
            elif delay is not None:
                self._push(key, delay)
            elif self._jobs.get(key) is job:
                del self._jobs[key], self._entry[key]
            self._changed.notify()

"""Runs jobs when they are due, several side by side, each again after the delay it asks for.

It knows nothing of Salesforce. One job per key at a time, so what belongs to one org never
runs twice at once; a waiting job costs an entry in a heap, not a thread.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

Job = Callable[[], float | None]
"""Does something short; answers the seconds until it wants to run again, None when over."""

LONGEST_DELAY = 24 * 3600.0  # seconds; a night is over long before


class Scheduler:
    """A heap of due times and some threads. `run` returns when no job is left.

    Whatever a job does, `run` ends: a job that raises, or asks for a delay that is no number,
    stops the rest and is raised by `run`. Jobs that may fail alone catch that themselves.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._heap: list[tuple[float, int, str]] = []
        self._jobs: dict[str, Job] = {}
        self._entry: dict[str, int] = {}  # the heap entry that counts for a key; others are stale
        self._running: set[str] = set()
        self._again: set[str] = set()  # added while running
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._due: SimpleQueue[str | None] = SimpleQueue()

    def add(self, key: str, job: Job, delay: float = 0.0) -> None:
        """Run `job` in `delay` seconds; a job of the same key is replaced, or follows if it runs.

        May be called from any thread, also by a running job. Raises TypeError or ValueError for
        a delay that is no number.
        """
        delay = bounded(delay)
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
        """Run until nothing is left or `stop`. Raises what a job raised."""
        try:
            while (key := self._next()) is not None:
                self._hand_over(key)
        except BaseException:
            self.stop()
            raise
        finally:
            self._end_threads()
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

    def _hand_over(self, key: str) -> None:
        """Give a due key to a thread. Without any, where none can be started, it runs here."""
        if len(self._threads) < len(self._running):
            self._start_thread()
        if self._threads:
            self._due.put(key)  # a thread that is free takes it, or the first that becomes so
        else:
            self._execute(key)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="build", daemon=True)
        with suppress(RuntimeError):  # the system has no more
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        while (key := self._due.get()) is not None:
            self._execute(key)

    def _end_threads(self) -> None:
        """Let the running jobs end, and wait for them."""
        for _ in self._threads:
            self._due.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _execute(self, key: str) -> None:
        try:
            job = self._jobs[key]
            self._over(key, job, job())
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that called run
            with self._changed:
                self._running.discard(key)
                self._failure = self._failure or failure
                self._is_stopping = True
                self._changed.notify()

    def _over(self, key: str, job: Job, delay: float | None) -> None:
        """A job has run; `delay` is what it asks for."""
        wait = None if delay is None else bounded(delay)
        with self._changed:
            self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._push(key, 0.0)
            elif wait is not None:
                self._push(key, wait)
            elif self._jobs.get(key) is job:
                del self._jobs[key], self._entry[key]
            self._changed.notify()


def bounded(delay: float) -> float:
    """A delay that a heap can hold: none is negative or endless. Raises ValueError for NaN."""
    if math.isnan(delay):
        raise ValueError("a delay that is not a number")
    return max(0.0, min(delay, LONGEST_DELAY))

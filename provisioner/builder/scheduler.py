"""Runs jobs when they are due, several in parallel, each again after the delay that it asks for.

It knows nothing of Salesforce. Jobs with the same key never run at the same time, so the work on
one org is sequential. A waiting job costs an entry in a heap, not a thread.
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
"""Does something short; returns the seconds until it must run again, None when it need not."""

LONGEST_DELAY = 24 * 3600.0  # seconds; no build takes that long


class Scheduler:
    """A heap of due times and some threads. `run` returns when no job is due any more.

    There are two kinds of jobs. `add` schedules a job once, for example the work on one org.
    `register` names a job that any other part of the build starts with `wake`, without a
    reference to it.

    Whatever a job does, `run` ends: when a job raises an exception, or returns a delay that is
    not a number, no further job is started and `run` raises the exception.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._heap: list[tuple[float, int, str]] = []
        self._jobs: dict[str, Job] = {}
        self._registered: set[str] = set()
        self._entry: dict[str, int] = {}  # the valid heap entry of a waiting key; others are stale
        self._due_at: dict[str, float] = {}  # of a waiting key, by time.monotonic
        self._running: set[str] = set()
        self._again: dict[str, float] = {}  # running keys that run again, and when
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._due: SimpleQueue[str | None] = SimpleQueue()

    def add(self, key: str, job: Job, delay: float = 0.0) -> None:
        """Run `job` in `delay` seconds.

        A waiting job with the same key is replaced; after a running one, `job` runs at once.
        May be called from any thread, also by a running job. Raises TypeError or ValueError for
        a delay that is not a number.
        """
        due = time.monotonic() + bounded(delay)
        with self._changed:
            self._jobs[key] = job
            if key in self._running:
                self._again[key] = 0.0
            else:
                self._push(key, due)
            self._changed.notify()

    def register(self, key: str, job: Job) -> None:
        """Name a job, without starting it. Raises ValueError when the key is taken."""
        with self._changed:
            if key in self._jobs:
                raise ValueError(f"there is a job {key!r} already")
            self._registered.add(key)
            self._jobs[key] = job

    def wake(self, key: str, delay: float = 0.0) -> None:
        """Run the registered job `key` in `delay` seconds, or earlier when it is due earlier.

        If it is running, it runs again afterwards: it may have missed what the caller has changed.
        Raises KeyError when no such job is registered.
        """
        due = time.monotonic() + bounded(delay)
        with self._changed:
            if key not in self._registered:
                raise KeyError(key)
            if key in self._running:
                self._again[key] = min(due, self._again.get(key, due))
            elif due < self._due_at.get(key, math.inf):
                self._push(key, due)
            self._changed.notify()

    def stop(self) -> None:
        """Start no further job; `run` returns when the running ones have ended."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called, or a job failed."""
        return self._is_stopping

    def run(self) -> None:
        """Run until no job is waiting or running, or until `stop`. Raises what a job raised."""
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

    def _push(self, key: str, due: float) -> None:
        self._entry[key] = entry = next(self._order)
        self._due_at[key] = due
        heapq.heappush(self._heap, (due, entry, key))

    def _next(self) -> str | None:
        """Wait for the next due key; None when there is none, or no job may be started."""
        with self._changed:
            while True:
                self._drop_stale()
                if self._is_stopping or not (self._heap or self._running):
                    return None
                wait = self._heap[0][0] - time.monotonic() if self._heap else 1.0
                is_free = len(self._running) < self._workers
                if self._heap and wait <= 0 and is_free:
                    key = heapq.heappop(self._heap)[2]
                    del self._entry[key], self._due_at[key]
                    self._running.add(key)
                    return key
                # A bounded wait lets the main thread see Ctrl-C on every platform.
                self._changed.wait(min(wait, 1.0) if is_free else 1.0)

    def _drop_stale(self) -> None:
        while self._heap and self._entry.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)

    def _hand_over(self, key: str) -> None:
        """Give a due key to a thread, or run it in this one if no thread can be started."""
        if len(self._threads) < len(self._running):
            self._start_thread()
        if self._threads:
            self._due.put(key)  # the next free thread takes it
        else:
            self._execute(key)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="build", daemon=True)
        with suppress(RuntimeError):  # the system has no more threads
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        while (key := self._due.get()) is not None:
            self._execute(key)

    def _end_threads(self) -> None:
        """Wait for the running jobs, then end the threads."""
        for _ in self._threads:
            self._due.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _execute(self, key: str) -> None:
        try:
            job = self._jobs[key]
            self._finish(key, job, job())
        except BaseException as failure:  # noqa: BLE001 - raised in the thread that called run
            with self._changed:
                self._failure = self._failure or failure
                self._is_stopping = True
                self._changed.notify()

    def _finish(self, key: str, job: Job, delay: float | None) -> None:
        """A job has ended; schedule it again if it, or somebody else, has asked for that."""
        due = [] if delay is None else [time.monotonic() + bounded(delay)]
        with self._changed:
            self._running.discard(key)
            if key in self._again:
                due.append(self._again.pop(key))
            if due:
                self._push(key, min(due))
            elif key not in self._registered and self._jobs.get(key) is job:
                del self._jobs[key]
            self._changed.notify()


def bounded(delay: float) -> float:
    """`delay`, from 0 to LONGEST_DELAY. Raises ValueError for NaN."""
    if math.isnan(delay):
        raise ValueError("the delay is not a number")
    return max(0.0, min(delay, LONGEST_DELAY))

"""A part of the work done by a forked process, where forking is safe.

Threads do not help: most of the work is the interpreter's own. A fork costs a few milliseconds
and needs nothing to be sent to it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

_TASKS = "/proc/self/task"
_TICKET = struct.Struct("=H")


def can_fork() -> bool:
    """Only on Linux, with a second processor, and while this process has a single thread.

    A forked process has only the thread that forked; locks that others held stay locked in it.
    """
    try:
        return len(os.sched_getaffinity(0)) > 1 and len(os.listdir(_TASKS)) == 1
    except (AttributeError, OSError):
        return False


class Tickets:
    """Numbers from 0 on, each of which one process takes, whoever is free first.

    They wait in a pipe, out of which the kernel gives every reader whole tickets.
    """

    MOST = 30_000  # what surely fits into a pipe that nobody reads from yet

    def __init__(self, count: int) -> None:
        self._read_end, write_end = os.pipe()
        os.write(write_end, b"".join(map(_TICKET.pack, range(count))))
        os.close(write_end)

    def __iter__(self) -> Iterator[int]:
        while ticket := os.read(self._read_end, _TICKET.size):
            yield _TICKET.unpack(ticket)[0]

    def close(self) -> None:
        os.close(self._read_end)


class SecondProcess:
    """A process that does a piece of work and sends back what it gives."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._read_end, write_end = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            _work_and_exit(work, write_end)
        os.close(write_end)

    def result(self) -> Any:
        """What the work gave; None if it failed, so that it must be done again here."""
        with open(self._read_end, "rb") as pipe:
            answer = pipe.read()
        import pickle

        _, status = os.waitpid(self._process, 0)
        return pickle.loads(answer) if status == 0 else None  # noqa: S301 - from our own fork

    def stop(self) -> None:
        """Forget the work, because the process that wanted it is being interrupted."""
        import signal

        os.close(self._read_end)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _work_and_exit(work: Callable[[], Any], write_end: int) -> None:
    """The whole life of the forked process: nothing of the caller's may run after it."""
    import pickle

    status = 1
    try:
        with open(write_end, "wb") as pipe:
            pickle.dump(work(), pipe)
        status = 0
    finally:
        os._exit(status)

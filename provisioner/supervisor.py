"""Runs a program that must not outlive the process that started it: `supervisor.py COMMAND…`.

It is a script of its own and imports nothing of the package. Its stdin is a pipe whose other end
the starting process holds: when that ends, also by SIGKILL, the pipe is closed, and the program is
terminated with all processes of its group. What the program leaves in the background ends with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

GRACE = 5.0  # seconds between SIGTERM and SIGKILL
NOT_STARTED = 127  # as shells have it


def main(command: Sequence[str]) -> int:
    """The exit code of the program; 128 and more for a signal."""
    try:
        program = subprocess.Popen(  # noqa: S603 - a list, and no shell
            list(command), stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
        return NOT_STARTED
    threading.Thread(target=_watch, args=(program.pid,), daemon=True).start()
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)  # its group keeps its id until then
    _signal(program.pid, signal.SIGKILL)
    code = program.wait()
    return code if code >= 0 else 128 - code


def _watch(group: int) -> None:
    """Terminate the group when the pipe is closed."""
    while os.read(0, 1):
        pass
    _signal(group, signal.SIGTERM)
    threading.Event().wait(GRACE)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(OSError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

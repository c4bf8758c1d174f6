"""SIGTERM and SIGHUP stop a command as Ctrl-C does: it cleans up and exits with 130.

By default they would terminate the process at once and leave its temporary files behind. A build
installs its own handlers, which save its state, while it runs.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

from provisioner.errors import Interrupted

_GRACE = 2.0  # seconds in which further signals are ignored: shell and kernel both send one


def clean_up_on_signals() -> None:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread.

    A signal that the calling process has set to be ignored (`nohup`) stays ignored. If the clean-up
    hangs, a second signal terminates the process at once.
    """
    first: list[float] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append(now)
            raise KeyboardInterrupt
        if now - first[0] > _GRACE:
            os._exit(Interrupted.exit_code)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)

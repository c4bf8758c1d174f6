"""SIGTERM and SIGHUP end a command as Ctrl-C does: it cleans up behind itself and exits with 130.

By default they would end the process on the spot, and leave whatever it had in a temporary file.
A build has an orderly stop of its own, which takes their place while it runs.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

from provisioner.errors import Interrupted

_GRACE = 2.0  # seconds in which further signals are echoes: shell and kernel both send one


def clean_up_on_signals() -> None:
    """From now on SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread.

    One that whoever started us has chosen to ignore (`nohup`) stays ignored. When the clean-up
    hangs, a second signal ends the process at once.
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

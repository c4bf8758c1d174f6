"""Releases the claims of an agent some time after it has ended, however it ended.

A second process waits for the end of the first. It is forked, not started, because it needs the
same pool.yaml and environment; a pipe whose other end only the first process holds is closed by the
kernel when that ends. The claims of the first process are known by their idempotency keys, so that
nothing has to be reported: a claim that was made a moment before the end is found as well.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress


def hold(release: Callable[[], None], grace: float) -> int:
    """Fork the process that calls `release` when this one has ended `grace` seconds ago.

    Returns the descriptor whose closing counts as the end. Call it before any thread is started.
    """
    reading, writing = os.pipe()
    os.set_inheritable(writing, False)
    if os.fork():
        os.close(reading)
        return writing
    code = 1
    try:
        os.close(writing)
        _detach()
        while os.read(reading, 1):
            pass
        time.sleep(grace)
        release()
        code = 0
    finally:
        os._exit(code)  # never into the code of the first process


def _detach() -> None:
    """Leave the terminal, the process group and the standard streams of the first process."""
    os.setsid()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        with suppress(OSError):
            os.dup2(null, stream)
    os.close(null)

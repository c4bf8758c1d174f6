"""Keeps the memory and environment of this process from other programs of the same user."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4  # prctl(2)


def keep_memory_private() -> None:
    """A command that an agent runs has the rights of the user of this process.

    After this call Linux gives it neither `/proc/PID/environ` nor `/proc/PID/mem` of this process
    (proc(5)), unless the user is root. It does nothing on other systems.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

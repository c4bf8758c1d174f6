"""A clock for leases: it also runs while the machine is suspended, and never jumps."""

from __future__ import annotations

import time


def boot_time() -> float:
    """Seconds of that clock; of the monotonic clock where there is none."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)

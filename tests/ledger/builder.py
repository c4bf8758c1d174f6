"""A process that holds the builder lock until it is asked to stop, or killed.

    builder.py URL DIRECTORY RUN [child] [POOL…]

It holds the lock of the whole ledger, or of the pools. With `child` it starts a child process
first, prints its pid, and leaves it running.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from provisioner.ledger.base import Run
from tests.ledger.opening import opened


def say(line: object) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Take the lock, say so, hold it."""
    url, directory, name = sys.argv[1:4]
    ledger = opened(url, Path(directory))
    run = Run(name, "build-host", os.getpid(), datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    pools = [argument for argument in sys.argv[4:] if argument != "child"]
    with ledger.builder_lock(run, pools=pools or None, wait=True):
        if "child" in sys.argv[4:]:
            child = subprocess.Popen(
                ["sleep", "600"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=False,  # only what is close-on-exec is kept from it
            )
            say(child.pid)
        say("holding")
        sys.stdin.readline()
    ledger.close()


if __name__ == "__main__":
    main()

"""Files named by options: only regular files are opened, and only up to a maximum size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 100_000_000


def read_file(path: Path) -> bytes:
    """The content of a file. Raises OSError; its text says what is wrong."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not a regular file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(f"it has more than {MOST_BYTES:,} bytes")
    return content

"""Files that options name: only regular ones are opened, and only so much of them is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 100_000_000


def read_file(path: Path) -> bytes:
    """The whole of a file. Raises OSError, whose text says why not."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is no regular file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(f"it has more than {MOST_BYTES:,} bytes")
    return content

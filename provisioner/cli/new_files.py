"""Writes new files: each is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def create_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that does not exist yet. Raises FileExistsError if it does, and OSError."""
    _write(path, content, mode, os.link)


def replace_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file, also in place of an existing one. Raises OSError."""
    _write(path, content, mode, os.replace)


def _write(path: Path, content: bytes, mode: int, put: Callable[[str, Path], None]) -> None:
    """Write a temporary file beside `path`, readable for its owner only; then give it the name."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        put(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)

"""Writes new files: each is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def create_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that does not exist yet. Raises FileExistsError if it does, and OSError."""
    _write(path, content, mode, _link)


def _link(name: str, path: Path) -> None:
    """Give a file its name. Not all file systems have hard links, which never replace a file."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        os.replace(name, path)


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

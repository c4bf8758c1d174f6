"""Writes a file so that its readers find the old text or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from provisioner.errors import UsageError


def write_whole(path: Path, text: str, *, what: str) -> None:
    """Replace the file at `path` in one step; others may read it.

    Raises UsageError, which names the file as `what`, if it cannot be written. The temporary file
    beside it begins with a dot and ends with random characters, so that programs that read all
    files of a folder by their suffix leave it out.
    """
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        if name:
            with suppress(OSError):
                Path(name).unlink()
        raise UsageError(f"{what} {path} cannot be written: {error.strerror}") from error

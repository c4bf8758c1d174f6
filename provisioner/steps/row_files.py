"""The files with refused rows, which a step writes for people. They contain the user's data."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

_KEPT = 1 << 16  # bytes of the beginning, for the error


class RowFile:
    """A sink for results of a job: a file of mode 0600, and its beginning in memory.

    Where the file cannot be written, the rows are dropped and `failure` says why: what the step
    has loaded does not depend on it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.failure = ""
        self._start = b""
        self._descriptor: int | None = None

    def restart(self) -> None:
        """Begin an empty file."""
        self.close()
        self._start = b""
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            self.failure = error.strerror or "it cannot be written"

    def write(self, piece: bytes) -> None:
        """Append a piece."""
        if len(self._start) < _KEPT:
            self._start += piece[:_KEPT]
        rest = memoryview(piece)
        while rest and self._descriptor is not None:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError as error:
                self.failure = error.strerror or "it cannot be written"
                self.close()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def errors(self, most: int, delimiter: str) -> Iterator[tuple[str, str]]:
        """`sf__Error` and the first value of the first rows."""
        reader = csv.reader(
            io.StringIO(self._start.decode("utf-8", "replace")), delimiter=delimiter
        )
        try:
            next(reader, None)
            for number, row in enumerate(reader):
                if number == most:
                    return
                yield (row[1] if len(row) > 1 else ""), (row[2] if len(row) > 2 else "")
        except csv.Error:
            return

    def description(self, what: str) -> str:
        """Where the rows are."""
        if self.path is None:
            return f"{what} were not kept"
        if self.failure:
            return f"{what} could not be written to {self.path}: {self.failure}"
        return f"{what} are in {self.path}"

"""Bytes that grow at their end and are read anywhere: in memory first, then on the disk."""

from __future__ import annotations

import os
import tempfile
import weakref

_IN_MEMORY = 8 << 20  # up to this size the disk is never touched
_TOGETHER = 1 << 18  # bytes that go to the disk in one call


class Spool:
    """A temporary file without a name; gone when nobody holds it any more."""

    def __init__(self) -> None:
        self._recent = bytearray()
        self._descriptor = -1
        self._on_disk = 0  # bytes that have left `_recent`

    def __len__(self) -> int:
        return self._on_disk + len(self._recent)

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._recent += data
        if len(self._recent) >= (_IN_MEMORY if self._descriptor < 0 else _TOGETHER):
            self.to_disk()

    def to_disk(self) -> None:
        """Hold everything in a file, which a forked process then shares."""
        if self._descriptor < 0:
            with tempfile.TemporaryFile(buffering=0) as file:
                self._descriptor = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._descriptor)
        data = memoryview(self._recent)
        while data:
            written = os.pwrite(self._descriptor, data, self._on_disk)
            self._on_disk += written
            data = data[written:]
        data.release()
        self._recent = bytearray()

    def patch(self, start: int, data: bytes) -> None:
        """Replace bytes that are there."""
        if start >= self._on_disk:
            start -= self._on_disk
            self._recent[start : start + len(data)] = data
            return
        self.to_disk()
        os.pwrite(self._descriptor, data, start)

    def read(self, start: int, size: int) -> bytes:
        """Bytes that are there; at most `size`, and fewer where memory and disk meet.

        Raises EOFError behind the end.
        """
        if start >= self._on_disk:
            start -= self._on_disk
            data = bytes(self._recent[start : start + size])
        else:
            data = os.pread(self._descriptor, min(size, self._on_disk - start), start)
        if not data and size:
            raise EOFError("the temporary file of the package is shorter than it was")
        return data

    def grown(self, size: int) -> None:
        """Take note of what a forked process has added."""
        self._on_disk = size

"""A file on disk that is read in pieces: its size, its hashes, and whether it has changed."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from provisioner.input_file import open_stream, refuse_large

_PIECE = 1 << 16

Identity = tuple[int, int, int]
"""Identifies a state of a file without reading it."""


def identity(file: BinaryIO) -> Identity:
    """The identity of an open file."""
    found = os.fstat(file.fileno())
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def is_unchanged(path: Path, known: Identity) -> bool:
    """Whether a file has the identity with which it was read."""
    try:
        with open_stream(path) as file:
            return identity(file) == known
    except OSError:
        return False


def pieces(path: Path, known: Identity, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from `start` to `end`. Raises OSError when the file has changed."""
    with open_stream(path) as file:
        if identity(file) != known:
            raise OSError(0, "it was changed during the build")
        file.seek(start)
        left = (known[1] if end is None else end) - start
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
        if left or identity(file) != known:
            raise OSError(0, "it was changed during the build")


@dataclass(frozen=True)
class DiskFile:
    """A file as it was when it was read."""

    path: Path
    identity: Identity
    digest: str  # SHA-256, hexadecimal
    md5: str

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.identity[1]

    def pieces(self) -> Iterator[bytes]:
        """Its content. Raises OSError when the file has changed."""
        return pieces(self.path, self.identity)


_KNOWN: dict[Path, DiskFile] = {}
_LOCK = threading.Lock()


def known_file(path: Path, most: int) -> DiskFile:
    """A file of at most `most` bytes, read once until it changes. Raises OSError."""
    with _LOCK:
        known = _KNOWN.get(path)
        if known is None or not is_unchanged(path, known.identity):
            known = _KNOWN[path] = _read(path, most)
        return known


def _read(path: Path, most: int) -> DiskFile:
    sha, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with open_stream(path) as file:
        found = identity(file)
        refuse_large(found[1], most, path)
        while piece := file.read(_PIECE):
            sha.update(piece)
            md5.update(piece)
    return DiskFile(path, found, sha.hexdigest(), md5.hexdigest())

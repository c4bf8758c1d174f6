"""Opens input files: every file that a pool.yaml, a plan, a project or an option names.

A path may name anything: a pipe without a writer, an endless device, a sparse file of terabytes.
Only a regular file is opened, and it is read only up to the limit of its purpose. Otherwise an
OSError is raised whose `strerror` is a clause: "it is a pipe, not a regular file".
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

SETTINGS = 1_000_000
"""Maximum bytes of a file that users write."""

TEXT = 10_000_000
"""Maximum bytes of a file that programs may write: a manifest, a script, a list of packages."""

DATA = 100_000_000
"""Maximum bytes of a file of records."""

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_FIRST = 1 << 15  # bytes; most files are smaller and are read by one call
_NEXT = 1 << 20
# Do not wait if the file is replaced by a pipe between the check and the opening.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def open_input(path: str | os.PathLike[str], *, is_regular: bool = False) -> int:
    """A descriptor of the regular file at `path`; links are followed. Raises OSError.

    Anything else is not opened, because opening alone may block for ever or start a device. With
    `is_regular`, the caller has checked the path already, and only the open file is checked.
    """
    if not is_regular:
        _refuse_special(os.stat(path).st_mode, path)
    descriptor = os.open(path, _FLAGS)
    try:
        _refuse_special(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_stream(path: str | os.PathLike[str]) -> BinaryIO:
    """The regular file at `path`, to read it in pieces: its size is not limited. Raises OSError."""
    return os.fdopen(open_input(path), "rb")


def read_input(path: str | os.PathLike[str], most: int, *, is_regular: bool = False) -> bytes:
    """The content of the regular file at `path`, at most `most` bytes. Raises OSError."""
    descriptor = open_input(path, is_regular=is_regular)
    try:
        return read_descriptor(descriptor, most, path)
    finally:
        os.close(descriptor)


def is_handed_over(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a file that the calling process has opened: `<(vault read …)`."""
    name = os.fspath(path)
    return name == "/dev/stdin" or name.startswith(("/dev/fd/", "/proc/self/fd/"))


def read_handed_over(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of the file or pipe at such a path, at most `most` bytes. Raises OSError.

    This waits for the writer of a pipe. A device is refused.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISFIFO(mode):
            _refuse_special(mode, path)
        pieces: list[bytes] = []
        while piece := os.read(descriptor, _FIRST):
            pieces.append(piece)
            refuse_large(sum(map(len, pieces)), most, path)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int, most: int, path: str | os.PathLike[str]) -> bytes:
    """The content of an open file. Raises OSError if it has more than `most` bytes."""
    data = os.read(descriptor, min(_FIRST, most + 1))
    if len(data) < _FIRST and len(data) <= most:
        return data
    refuse_large(os.fstat(descriptor).st_size, most, path)
    pieces = [data]
    size = len(data)
    while piece := os.read(descriptor, _NEXT):
        pieces.append(piece)
        size += len(piece)
        refuse_large(size, most, path)  # the file may grow, or its size may be unknown
    return b"".join(pieces)


def refuse_large(size: int, most: int, path: str | os.PathLike[str]) -> None:
    """Raise OSError when `size` bytes are more than `most`."""
    if size > most:
        text = (
            f"it has more than {most // 1_000_000:,} MB"
            if most >= 1_000_000
            else (f"it has more than {most:,} bytes")
        )
        raise OSError(errno.EFBIG, text, os.fspath(path))


def _refuse_special(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
    raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", os.fspath(path))

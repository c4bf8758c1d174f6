"""A request body that contains a file, which is read from the disk each time it is sent."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from typing import IO

PIECE = 1 << 16  # bytes


class FileBody:
    """Bytes, a file, and bytes again. Any number of threads may send it at the same time.

    The file belongs to the body, and is closed with it. Its content must not change.
    """

    def __init__(self, before: bytes, file: IO[bytes], after: bytes) -> None:
        file.flush()
        self._before = before
        self._after = after
        self._descriptor = file.fileno()
        self._file_size = os.fstat(self._descriptor).st_size
        weakref.finalize(self, file.close)

    def __len__(self) -> int:
        """All bytes: the value of the header Content-Length."""
        return len(self._before) + self._file_size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces, from its start. Raises OSError if the file has become shorter."""
        yield self._before
        position = 0
        while position < self._file_size:
            piece = os.pread(self._descriptor, PIECE, position)
            if not piece:
                raise OSError("the file of the request is shorter than when it was written")
            position += len(piece)
            yield piece
        yield self._after

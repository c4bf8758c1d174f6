"""Bodies that are not held in memory: a request read from disk, an answer written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from provisioner.salesforce.file_body import FileBody


@dataclass(frozen=True)
class StreamedBody:
    """A request body of `size` bytes. `pieces` starts from its beginning at each call.

    A request whose pieces raise an error is not completed, so the server does not act on it.
    """

    size: int
    pieces: Callable[[], Iterator[bytes]]

    def __len__(self) -> int:
        """All bytes: the value of the header Content-Length."""
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """The body in pieces, from its start."""
        return self.pieces()


Body = bytes | FileBody | StreamedBody
"""What a request may send."""


class Sink(Protocol):
    """Where the body of a successful answer is written. Each attempt starts it again."""

    def restart(self) -> None:
        """Discard what was written."""

    def write(self, piece: bytes, /) -> object:
        """Take the next piece of the body."""

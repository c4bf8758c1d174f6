"""HTTP connections with a limit on the time and the size of each request and answer.

The time-out of a socket limits only the time without a byte: a peer that sends one byte a second
keeps a call waiting for ever. The limits are set in http.client: headers and body are read through
a stream that counts bytes and time, without an extra thread.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from typing import TYPE_CHECKING, Any, cast

from provisioner.salesforce.answer_json import MOST_BYTES

if TYPE_CHECKING:
    import socket
    import zlib

CHUNK = 65_536  # bytes of a body that are read and decompressed at once


@dataclass(frozen=True)
class Limits:
    """The limits of one call. The connection's own time-out limits the time without a byte."""

    sending: float = 600.0  # seconds for sending the request; the largest deploy has 39 MB
    answer: float = 120.0  # seconds from the sent request to the complete answer
    size: int = MOST_BYTES  # of the answer, both compressed and decompressed


class TooLargeError(OSError):
    """The answer is larger than the limit."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the answer is larger than {most >> 20} MB")


@lru_cache(maxsize=64)
def bounded(kind: type[HTTPConnection], limits: Limits) -> type[HTTPConnection]:
    """A subclass of the connection class `kind` whose calls have `limits`.

    Beyond them, TimeoutError and TooLargeError are raised.
    """
    response = staticmethod(partial(_BoundedResponse, limits=limits))
    members = {"limits": limits, "response_class": response}
    return cast("type[HTTPConnection]", type(kind.__name__, (_Bounded, kind), members))


def whole_body(read: Callable[[int], bytes], encoding: str, most: int) -> bytes:
    """The body that `read` returns in pieces, decompressed when `encoding` is gzip or deflate.

    Raises TooLargeError before more than `most` bytes are in memory, and ConnectionResetError
    when the body cannot be decompressed.
    """
    parts: list[bytes] = []
    copy_body(read, encoding, most, parts.append)
    return b"".join(parts)


def copy_body(
    read: Callable[[int], bytes], encoding: str, most: int, write: Callable[[bytes], object]
) -> None:
    """Pass a body to `write` in pieces, decompressed. Raises as `whole_body` does."""
    unpacker = _unpacker(encoding)
    is_empty = True
    left = most
    while piece := read(CHUNK):
        part = _unpacked(unpacker, piece, left + 1) if unpacker else piece
        left -= len(part)
        if left < 0:
            raise TooLargeError(most)
        write(part)
        is_empty = False
    if unpacker and not is_empty and not unpacker.eof:
        raise ConnectionResetError("broken answer: the compressed body is incomplete")


def _unpacker(encoding: str) -> zlib._Decompress | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ConnectionResetError(
            "broken answer: it has a Content-Encoding that was not requested"
        )
    import zlib

    return zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, detected by the first bytes


def _unpacked(unpacker: zlib._Decompress, piece: bytes, most: int) -> bytes:
    import zlib

    try:
        return unpacker.decompress(piece, most)
    except zlib.error:
        raise ConnectionResetError("broken answer: the body cannot be decompressed") from None


class _Bounded:
    """A mix-in for connection classes that limits the time of sending."""

    limits: Limits
    sock: socket.socket | None
    timeout: float | None

    _ends: float | None = None  # the end of the time for sending the current request

    def putrequest(self, *args: Any, **options: Any) -> None:
        """Start a request. Its headers and its body, which may be in pieces, share the limit."""
        self._ends = time.monotonic() + self.limits.sending
        super().putrequest(*args, **options)  # type: ignore[misc]

    def send(self, data: bytes) -> None:
        """Send all of `data`; connect first if necessary."""
        if self.sock is None:
            cast(HTTPConnection, self).connect()
        assert self.sock is not None
        ends = self._ends or time.monotonic() + self.limits.sending
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(_left(ends, self.timeout, "the request was not sent in time"))
            rest = rest[self.sock.send(rest) :]
        self.sock.settimeout(self.timeout)


class _BoundedResponse(HTTPResponse):
    """An answer with limits. Its time starts when its request is sent."""

    def __init__(self, sock: socket.socket, *args: Any, limits: Limits, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._counted = _Counted(self.fp.detach(), sock, limits)
        self.fp = io.BufferedReader(self._counted)

    def begin(self) -> None:
        """Read the headers. http.client does not notice when they are incomplete."""
        super().begin()
        if self._counted.has_ended:
            raise RemoteDisconnected("the headers of the answer are incomplete")


class _Counted(io.RawIOBase):
    """The bytes of a socket, up to a time and a size."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, limits: Limits) -> None:
        self._stream = stream
        self._sock = sock
        self._silence = sock.gettimeout()
        self._ends = time.monotonic() + limits.answer
        self._most = self._left = limits.size
        self.has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._ends, self._silence, "the answer took too long"))
        count = cast("int | None", self._stream.readinto(buffer))
        self._left -= count or 0
        self.has_ended = count == 0
        if self._left < 0:
            raise TooLargeError(self._most)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _left(ends: float, silence: float | None, what: str) -> float:
    """Seconds that the next piece may take. Raises TimeoutError when no time is left."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"timed out: {what}")
    return left if silence is None else min(left, silence)

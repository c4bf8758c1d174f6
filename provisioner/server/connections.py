"""Connections of clients that are slow, or that connect and send nothing, do not stay open."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 900  # connections; more are answered with 503. Many systems allow 1,024 files by default
HEAD = 10.0  # seconds that the head of a request may take
PIECE = 20.0  # seconds between two pieces of a body, and until a client reads what it is sent


class TimedProtocol(H11Protocol):
    """HTTP/1.1 with time limits for the head of each request, and for a client that reads nothing.

    uvicorn limits only the time between two requests, and the head to 64 kB.
    """

    _head: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The client has connected."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        super().data_received(data)
        if not self._waits_for_head():
            self._end_head()
        elif self._head is None:
            self._start()

    def pause_writing(self) -> None:
        """The client has not read for a while: the buffer is full."""
        super().pause_writing()
        self._reader = self.loop.call_later(PIECE, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._end_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._end_head()
        self._end_reader()
        super().connection_lost(exc)

    def _waits_for_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _start(self) -> None:
        self._head = self.loop.call_later(HEAD, self._too_late)

    def _end_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _too_late(self) -> None:
        if self._waits_for_head() and not self.transport.is_closing():
            self.transport.close()

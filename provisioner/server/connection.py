"""The connection of a request whose answer takes long: whether someone still waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from provisioner.errors import BusyError, Interrupted

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True)
class Connection:
    """Safe to use from several threads."""

    stopping: Event  # the server is about to exit
    gone: Event = field(default_factory=Event)

    def require(self) -> None:
        """Raises Interrupted when the client has gone, BusyError when the server is stopping."""
        self.require_client()
        if self.stopping.is_set():
            raise BusyError("this server is stopping", code="stopping", hint="send it again")

    def require_client(self) -> None:
        """Raises Interrupted when the client has gone: nobody would get the answer."""
        if self.gone.is_set():
            raise Interrupted("the client has closed its connection")


@asynccontextmanager
async def connection_of(request: Request, stopping: Event) -> AsyncIterator[Connection]:
    """The connection of a request whose body has been read, watched until the end of the block."""
    connection = Connection(stopping)

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        connection.gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield connection
    finally:
        watching.cancel()

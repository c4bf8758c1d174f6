"""One line of JSON for each request on stderr: when, who, from where, what, and the status.

A line has no query string, header or body, so it contains no token and no code of a sign-in.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from provisioner.server.world import World

UNLOGGED = ("/healthz", "/readyz", "/static/")
"""Asked for every few seconds, or with each page; only their failures are logged."""
_LONGEST = 200  # characters of a path


class AccessLog:
    """Middleware: one line for each request, when its answer has ended."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 0, time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            path = scope["path"]
            if status not in (200, 304) or not path.startswith(UNLOGGED):
                self._world.log(self._line(scope, path, status, time.monotonic() - started))

    def _line(self, scope: Scope, path: str, status: int, seconds: float) -> str:
        connection = HTTPConnection(scope)
        person = getattr(connection.state, "person", None)
        return json.dumps(
            {
                "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "from": address_of(self._world, connection),
                "who": person.name if person else None,
                "method": scope["method"][:20],
                "path": path[:_LONGEST],
                "status": status or None,  # None: the client has gone before the answer
                "seconds": round(seconds, 3),
            }
        )


class Problems(logging.Handler):
    """Writes what uvicorn and asyncio report: the first line, without a traceback."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. That a request ends because the server stops is no problem."""
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return
        name = record.name.partition(".")[0]
        self._warn(f"{name}: {record.getMessage().partition(chr(10))[0][:500]}")

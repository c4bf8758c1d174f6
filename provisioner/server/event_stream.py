"""/v1/events: the live changes as server-sent events.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import Response

from provisioner.server.page.viewer import viewer_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from provisioner.server.live import Live
    from provisioner.server.world import World

SLOW = 10.0  # seconds that a client may take to receive one event


async def events(world: World, live: Live, request: Request) -> Response:
    """The stream of a person. A browser that connects again sends the id of its last event."""
    viewer = await viewer_of(world, request)
    name = viewer.person.name
    live.require_room(name)
    last_id = request.headers.get("last-event-id", "")[:40]
    return _EventStream(live.stream(viewer.sees, last_id, name))


class _EventStream(Response):
    """Ends when the client goes, is too slow to receive, or when there are no more events."""

    media_type = "text/event-stream"

    def __init__(self, texts: AsyncIterator[str]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the events."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        _, rest = await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _send(self, send: Send) -> None:
        async for text in self._texts:
            body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
            try:
                await asyncio.wait_for(send(body), SLOW)
            except TimeoutError:
                return  # without an end, so that the connection is closed
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

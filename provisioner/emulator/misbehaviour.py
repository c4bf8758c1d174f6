"""Applies a fault to a request, before or after the platform has processed it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.emulator.envelopes import rest_error
from provisioner.emulator.exchange import DroppedError
from provisioner.emulator.routing import Reply

if TYPE_CHECKING:
    from provisioner.emulator.faults import Behaviour
    from provisioner.emulator.world import World


@dataclass
class Misbehaviour:
    """A request with its fault; `reply` is the answer."""

    world: World
    behaviour: Behaviour | None
    request_key: tuple[str, str, str]  # route, method, path
    token: str = ""
    reply: Reply | None = None

    def acted(self) -> None:
        """Apply a fault that is due after the platform has processed the request."""
        if self.behaviour and self.behaviour.get("at") == "after":
            self.happen(self.behaviour)

    def happen(self, behaviour: Behaviour) -> None:
        """Apply a behaviour."""
        kind = behaviour["do"]
        if kind in ("reset", "close"):
            raise DroppedError(with_reset=kind == "reset")
        if kind == "delay":
            time.sleep(float(behaviour.get("seconds", 1)))
        elif kind in ("hang", "hold"):
            self.world.holds.wait_in(*self.request_key, behaviour.get("at", "before"))
            if kind == "hang":
                raise DroppedError(with_reset=False)
        elif kind == "expire_session":
            self.world.sessions.end(self.token)
        elif kind == "answer":
            self.reply = answer(behaviour, self.request_key[0])


@contextmanager
def around(
    world: World, request_key: tuple[str, str, str], org: str, token: str, subject: str
) -> Iterator[Misbehaviour]:
    """A request with its fault, if any; faults that are due before processing are applied."""
    route, method, path = request_key
    behaviour = world.faults.request(
        route=route, method=method, path=path, org=org, subject=subject
    )
    request = Misbehaviour(world, behaviour, request_key, token)
    if behaviour and behaviour.get("at", "before") == "before":
        request.happen(behaviour)
    yield request


def answer(behaviour: Behaviour, route: str = "") -> Reply:
    """The reply of a fault that replaces the platform's, in the error format of the route."""
    status = int(behaviour.get("status", 503))
    headers = behaviour.get("headers")
    if "body" in behaviour:
        kind = behaviour.get("content_type")
        body = behaviour["body"]
        default = "text/html;charset=UTF-8" if isinstance(body, str) else Reply.content_type
        return Reply(body, status, kind or default, headers)
    if status == 420 and "error" not in behaviour:
        return Reply(MAINTENANCE, status, "text/html;charset=UTF-8", headers)
    code = behaviour.get("error", _CODES.get(status, "UNKNOWN_EXCEPTION"))
    text = behaviour.get("message", "The service is temporarily unavailable")
    if route == "oauth.token" and "error" in behaviour:
        body = {"error": code, "error_description": text}
        return Reply(body, status, headers=headers)
    reply = rest_error(status, code, text)
    return Reply(reply.body, status, reply.content_type, headers)


MAINTENANCE = (
    "<!DOCTYPE HTML><html><head><title>Stay tuned</title></head><body>"
    "This org is temporarily unavailable.</body></html>"
)
"""The page of an active org that is not ready or in maintenance, sent with 420 (cli#2978)."""

_CODES = {
    401: "INVALID_SESSION_ID",
    403: "REQUEST_LIMIT_EXCEEDED",
    500: "UNKNOWN_EXCEPTION",
    502: "SERVER_UNAVAILABLE",
    503: "SERVER_UNAVAILABLE",
    504: "SERVER_UNAVAILABLE",
}

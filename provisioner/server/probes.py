"""/healthz, /readyz and /metrics: for those who watch the server."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from provisioner.access.roles import Role
from provisioner.server.counters import ledger_metrics
from provisioner.server.sign_in import person_of
from provisioner.server.sign_in.token_file import bearer

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.server.world import World


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(world: World, _request: Request) -> Response:
    """The ledger answers, too, and the server is not stopping. The reason is for the log."""
    if world.stopping.is_set():
        return JSONResponse({"ready": False, "code": "stopping"}, 503)
    error = await run_in_threadpool(world.readiness.check, world.ledger)
    if error is not None:
        return JSONResponse({"ready": False, "code": error.code}, 503)
    return JSONResponse({"ready": True})


async def metrics(world: World, request: Request) -> Response:
    """For the holder of `server.metrics_token`, and for operators of all pools.

    Not for everyone on this machine: a reverse proxy here would hand it to all.
    """
    await run_in_threadpool(_require_reader, world, request)
    text = await run_in_threadpool(ledger_metrics, world.ledger)
    text += world.counters.text(world.waiting.count)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _require_reader(world: World, request: Request) -> None:
    """Raises AccessError."""
    token, given = world.server.metrics_token, bearer(request)
    if token and hmac.compare_digest(given.encode(), token.reveal().encode()):
        return
    person = person_of(world, request)
    for pool in world.config.pools:
        world.access.require(person, pool, Role.OPERATOR)

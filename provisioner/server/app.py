"""The web application of `serve`: its routes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from provisioner.errors import ProvisionerError
from provisioner.server.access_log import AccessLog
from provisioner.server.answer import answer
from provisioner.server.api import OPERATIONS
from provisioner.server.event_stream import events
from provisioner.server.failures import bug, failure, no_route
from provisioner.server.live import Live
from provisioner.server.openapi import document
from provisioner.server.page.views import routes as page_routes
from provisioner.server.probes import healthz, metrics, readyz
from provisioner.server.protection import Protection

if TYPE_CHECKING:
    from provisioner.server.world import World


def create_app(world: World) -> Starlette:
    """The application over an open ledger."""
    api = [Route(one.path, partial(answer, world, one), methods=[one.method]) for one in OPERATIONS]
    described = document(OPERATIONS, world.server.url)
    live = Live(world)

    async def describe(_request: Request) -> Response:
        return JSONResponse(described)

    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", partial(readyz, world)),
            Route("/metrics", partial(metrics, world)),
            Route("/v1/events", partial(events, world, live)),
            Route("/v1/openapi.json", describe),
            Mount("/v1", routes=api),
            *page_routes(world),
        ],
        middleware=[Middleware(AccessLog, world=world), Middleware(Protection, world=world)],
        exception_handlers={
            ProvisionerError: partial(failure, world),
            HTTPException: partial(no_route, world),
            Exception: partial(bug, world),
        },
    )
    app.state.live = live
    app.state.world = world
    return app

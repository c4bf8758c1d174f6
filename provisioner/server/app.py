"""The web application of `serve`: its routes, and the answers to errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from provisioner.crash import record
from provisioner.errors import (
    AccessError,
    ClaimError,
    LoginError,
    NoOrgError,
    ProvisionerError,
    UsageError,
)
from provisioner.server.access_log import AccessLog
from provisioner.server.api import OPERATIONS
from provisioner.server.event_stream import events
from provisioner.server.live import Live
from provisioner.server.openapi import document
from provisioner.server.operation import Operation
from provisioner.server.page.rendering import page
from provisioner.server.page.views import routes as page_routes
from provisioner.server.protection import Protection, TooLongError
from provisioner.server.rates import TooManyRequestsError
from provisioner.server.refusals import record_refusal
from provisioner.server.request import Call
from provisioner.server.sign_in import UnknownPersonError, person_of
from provisioner.server.sign_in.own_form import require_own_form

if TYPE_CHECKING:
    from provisioner.server.world import World

RETRY_AFTER = 5  # seconds, when Salesforce or the ledger is not reached
UNRECORDED = (UnknownPersonError, TooManyRequestsError)
"""Everyone may try, and a refusal of a flood must cost little."""
_STATUS: tuple[tuple[type[ProvisionerError], int], ...] = (
    (UnknownPersonError, 401),
    (TooManyRequestsError, 429),
    (TooLongError, 413),
    (AccessError, 403),
    (ClaimError, 409),
    (LoginError, 502),
    (UsageError, 400),
)


def create_app(world: World) -> Starlette:
    """The application over an open ledger."""
    api = [
        Route(one.path, partial(_answer, world, one), methods=[one.method]) for one in OPERATIONS
    ]
    described = document(OPERATIONS, world.server.url)
    live = Live(world)
    app = Starlette(
        routes=[
            Route("/healthz", lambda _request: PlainTextResponse("ok\n")),
            Route("/v1/events", partial(events, world, live)),
            Route("/v1/openapi.json", lambda _request: JSONResponse(described)),
            Mount("/v1", routes=api),
            *page_routes(world),
        ],
        middleware=[Middleware(AccessLog, world=world), Middleware(Protection, world=world)],
        exception_handlers={
            ProvisionerError: partial(_failure, world),
            Exception: partial(_bug, world),
        },
    )
    app.state.live = live
    return app


async def _answer(world: World, operation: Operation, request: Request) -> Response:
    person = await run_in_threadpool(person_of, world, request)
    require_own_form(world, request)
    body = await _body(request) if operation.method == "POST" else {}
    call = Call(world, person, request.path_params, request.query_params, body)
    result = await run_in_threadpool(operation.act, call)
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(result, status_code=operation.status, headers=headers)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises UsageError."""
    raw = await request.body()
    if not raw:
        return {}
    try:
        found = await request.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError("the body is not a JSON object", code="bad_request", hint="send {…}")
    return found


def _bug(world: World, request: Request, error: Exception) -> Response:
    """The answer to an error that is a bug: a file has the traceback, and the log its name."""
    found = record(error)
    world.warn(found.message)
    shown = ProvisionerError("a bug in provisioner", hint="the log of the server names a report")
    return _failure(world, request, shown)


def _failure(world: World, request: Request, error: Exception) -> Response:
    """The answer to an error. Called in a thread."""
    assert isinstance(error, ProvisionerError)
    if isinstance(error, AccessError) and not isinstance(error, UNRECORDED):
        record_refusal(world, request, error.message)
    answer = _answer_to(world, request, error, status_of(error))
    if isinstance(error, TooManyRequestsError):
        answer.headers["Retry-After"] = str(int(error.wait) + 1)
    elif answer.status_code == 503:
        answer.headers.setdefault("Retry-After", str(RETRY_AFTER))
    return answer


def _answer_to(world: World, request: Request, error: ProvisionerError, status: int) -> Response:
    if request.url.path.startswith("/v1/"):
        return JSONResponse({"error": error.as_json()}, status_code=status)
    if isinstance(error, UnknownPersonError):
        return RedirectResponse("/sign-in", 303)
    return page(world, request, "error.html", status=status, error=error)


def status_of(error: ProvisionerError) -> int:
    """The HTTP status of an error."""
    if error.exit_code == 9:
        return 503
    if isinstance(error, NoOrgError):
        return 409 if error.code == "no_org_available" else 404
    return next((status for cls, status in _STATUS if isinstance(error, cls)), 500)

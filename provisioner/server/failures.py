"""Turns errors into answers: the JSON of the command line for the API, a page for browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from provisioner.crash import record
from provisioner.errors import (
    AccessError,
    BusyError,
    ClaimError,
    ClockError,
    ConfigError,
    LedgerError,
    LoginError,
    NoOrgError,
    ProvisionerError,
    SalesforceError,
    UsageError,
)
from provisioner.server.page.rendering import page
from provisioner.server.protection import TooLongError
from provisioner.server.rates import TooManyRequestsError
from provisioner.server.refusals import record_refusal
from provisioner.server.sign_in import UnknownPersonError

if TYPE_CHECKING:
    from starlette.requests import Request

    from provisioner.server.world import World

RETRY_AFTER = 5  # seconds, when Salesforce or the ledger is not reached
UNRECORDED = (UnknownPersonError, TooManyRequestsError)
"""Everyone may try, and a refusal of a flood must cost little."""
_STATUS: tuple[tuple[type[ProvisionerError], int], ...] = (  # the first that fits
    (UnknownPersonError, 401),
    (TooManyRequestsError, 429),
    (TooLongError, 413),
    (AccessError, 403),
    (LedgerError, 503),
    (ClockError, 503),
    (BusyError, 503),
    (ConfigError, 500),
    (ClaimError, 409),
    (LoginError, 502),
    (SalesforceError, 502),
    (UsageError, 400),
)
_CODES = {"no_org_available": 409, "not_claimed": 409, "unknown_pool": 404}


def bug(world: World, request: Request, error: Exception) -> Response:
    """The answer to an error that is a bug: a file has the traceback, and the log its name."""
    found = record(error)
    world.warn(found.message)
    shown = ProvisionerError("a bug in provisioner", hint="the log of the server names a report")
    return failure(world, request, shown)


def failure(world: World, request: Request, error: Exception) -> Response:
    """The answer to an error. Called in a thread."""
    assert isinstance(error, ProvisionerError)
    if isinstance(error, AccessError) and not isinstance(error, UNRECORDED):
        record_refusal(world, request, error.message)
    elif isinstance(error, LedgerError) and error.is_unreachable:
        world.away.note(error)
    answer = _answer_to(world, request, error, status_of(error))
    if isinstance(error, TooManyRequestsError):
        answer.headers["Retry-After"] = str(int(error.wait) + 1)
    elif answer.status_code == 503:
        answer.headers.setdefault("Retry-After", str(RETRY_AFTER))
    elif answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def no_route(world: World, request: Request, error: Exception) -> Response:
    """The answer to an address that the server does not have, or not for this method."""
    assert isinstance(error, HTTPException)
    if not _is_api(request):
        unknown = UsageError("there is no such page", hint="go back to the pools")
        return _answer_to(world, request, unknown, error.status_code)
    shown = UsageError(
        f"{error.detail}: {request.method} {request.url.path[:200]!a}",
        code="unknown_address" if error.status_code == 404 else "bad_request",
        hint="GET /v1/openapi.json describes the API",
    )
    answer = _answer_to(world, request, shown, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _answer_to(world: World, request: Request, error: ProvisionerError, status: int) -> Response:
    if _is_api(request):
        headers = {"Cache-Control": "no-store"}
        return JSONResponse({"error": error.as_json()}, status, headers)
    if isinstance(error, UnknownPersonError):
        return RedirectResponse("/sign-in", 303)
    return page(world, request, "error.html", status=status, error=error)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/v1/") or request.url.path == "/metrics"


def status_of(error: ProvisionerError) -> int:
    """The HTTP status of an error."""
    if error.is_unreachable:
        return 503
    if isinstance(error, NoOrgError):
        return _CODES.get(error.code, 404)
    if error.code in _CODES:
        return _CODES[error.code]
    return next((status for cls, status in _STATUS if isinstance(error, cls)), 500)

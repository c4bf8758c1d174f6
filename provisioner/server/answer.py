"""Answers a request to an operation of the API."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from provisioner.errors import ProvisionerError, UsageError
from provisioner.server.connection import connection_of
from provisioner.server.failures import status_of
from provisioner.server.operation import JSON, Operation
from provisioner.server.request import Call
from provisioner.server.schema import require_valid
from provisioner.server.sign_in import person_of
from provisioner.server.sign_in.own_form import require_own_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from provisioner.server.world import World

_PATH = re.compile(r"[^\x00-\x20\x7f]{1,200}")


async def answer(world: World, operation: Operation, request: Request) -> Response:
    """The answer of one operation. Raises ProvisionerError."""
    try:
        answered = await _answer(world, operation, request)
    except ProvisionerError as error:
        world.counters.count(operation.name, status_of(error))
        raise
    world.counters.count(operation.name, answered.status_code)
    return answered


async def _answer(world: World, operation: Operation, request: Request) -> Response:
    person = await run_in_threadpool(person_of, world, request)
    require_own_form(world, request)
    path = {name: _named(name, value) for name, value in request.path_params.items()}
    if operation.query:  # a wrong filter must not list everything
        query = {"type": "object", "properties": operation.query}
        require_valid(dict(request.query_params), query, "the query")
    body = await _body(request) if operation.method == "POST" else {}
    require_valid(body, operation.body, "the body")
    async with connection_of(request, world.stopping) as connection:
        call = Call(world, person, path, request.query_params, body, connection)
        if operation.can_wait and call.duration("wait"):
            result = await world.waiting.run(person, lambda: operation.act(call))
        else:
            result = await run_in_threadpool(operation.act, call)
    return _answered(operation, result)


def _answered(operation: Operation, result: Any) -> Response:
    headers = {"Cache-Control": "no-store"}
    if operation.media != JSON:
        headers["Content-Disposition"] = "attachment"  # a browser shows nothing of it as ours
        return Response(result, media_type=operation.media, headers=headers)
    text = json.dumps(result, default=_plain)
    return Response(text, operation.status, headers, media_type=JSON)


def _plain(value: Any) -> str:
    """A time as JSON; all other values are plain already."""
    assert isinstance(value, datetime)
    return value.isoformat().replace("+00:00", "Z")


def _named(name: str, value: str) -> str:
    """A name in the path. Raises UsageError for one that nothing can have."""
    if not _PATH.fullmatch(value) or not value.isprintable():
        raise UsageError(f"{value[:50]!a} is no {name}", code="bad_request", hint="check the path")
    return value


async def _body(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request. Raises UsageError."""
    raw = await request.body()
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("the body is not a JSON object", code="bad_request", hint="send {…}")
    return found

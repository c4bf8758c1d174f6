"""`/composite`: up to 25 requests in one, which may refer to earlier answers.

Source: "Composite" in the REST API Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.objects.store import Store
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.subrequests import dispatch

_MAXIMUM = 25
_MAXIMUM_QUERIES = 5  # of queries and sObject collections together
_REFERENCE_ID = re.compile(r"[A-Za-z0-9]\w*\Z", re.ASCII)
_REFERENCE = re.compile(r"@\{\s*(\w+)((?:\.\w+|\[\d+\])+)\s*\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_LIMITED = re.compile(r"/services/data/v\d+\.\d/(?:query|queryAll|composite/sobjects)\b")
_SOBJECT = re.compile(r"/services/data/v\d+\.\d/sobjects/(\w+)")
_ROLLED_BACK = (
    "The transaction was rolled back since another operation in the same transaction failed."
)


@dataclass
class _Progress:
    """The answers so far."""

    replies: dict[str, Reply] = field(default_factory=dict)
    first_type: ObjectType | None = None


class _RolledBackError(Exception):
    """Rolls back the transaction of a request with allOrNone."""


@route("/services/data/v<version>/composite", "POST", name="composite")
def composite(call: Call) -> Reply:
    """200 with a part for each request, also for failed ones."""
    body = call.json()
    requests = body.get("compositeRequest") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "JSON_PARSER_ERROR", "compositeRequest is missing or no list")
    _check(requests)
    progress = _Progress()
    if body.get("allOrNone") is True:
        _run_all_or_none(call, requests, progress)
    else:
        for request in requests:
            progress.replies[request["referenceId"]] = _run(call, request, progress)
    parts = [_part(reference, reply) for reference, reply in progress.replies.items()]
    return Reply({"compositeResponse": parts})


def _check(requests: list[Any]) -> None:
    if len(requests) > _MAXIMUM:
        text = f"The composite request has more than {_MAXIMUM} subrequests."
        raise ApiError(400, "LIMIT_EXCEEDED", text)
    seen: set[str] = set()
    for request in requests:
        keys = ("method", "url", "referenceId")
        if not isinstance(request, dict) or not all(isinstance(request.get(k), str) for k in keys):
            text = "Each subrequest must have a method, a url and a referenceId."
            raise ApiError(400, "JSON_PARSER_ERROR", text)
        reference = request["referenceId"]
        if not _REFERENCE_ID.match(reference):
            raise ApiError(
                400,
                "INVALID_INPUT",
                f"Provided referenceId ('{reference}') must start with a letter or a number, and "
                "it can contain only letters, numbers and underscores ('_').",
            )
        if reference in seen:
            raise ApiError(400, "INVALID_INPUT", f"Duplicate referenceId: {reference}")
        seen.add(reference)
    if sum(1 for one in requests if _LIMITED.match(one["url"])) > _MAXIMUM_QUERIES:
        text = f"The composite request has more than {_MAXIMUM_QUERIES} queries and collections."
        raise ApiError(400, "LIMIT_EXCEEDED", text)


def _run_all_or_none(call: Call, requests: list[Any], progress: _Progress) -> None:
    """One transaction: the first failure rolls back all changes and stops the rest."""
    store = call.session_org().store
    failed = ""
    try:
        with store.transaction():
            for request in requests:
                failed = request["referenceId"]
                _run_in_transaction(call, request, progress)
    except _RolledBackError:
        for request in requests:
            reference = request["referenceId"]
            if reference != failed:
                progress.replies[reference] = _halted(_ROLLED_BACK)
        order = [request["referenceId"] for request in requests]
        progress.replies = {reference: progress.replies[reference] for reference in order}


def _run_in_transaction(call: Call, request: Mapping[str, Any], progress: _Progress) -> None:
    store = call.session_org().store
    reply = _mixed_dml(store, request, progress) or _run(call, request, progress)
    progress.replies[request["referenceId"]] = reply
    if _has_failed(reply):
        raise _RolledBackError


def _run(call: Call, request: Mapping[str, Any], progress: _Progress) -> Reply:
    method = str(request["method"]).upper()
    try:
        url = _fill(request["url"], progress, is_url=True)
        body = _fill(request.get("body"), progress)
    except ApiError as error:
        return _halted(error.message)
    if not url.startswith("/services/data/v") or "/tooling/" in url:
        return _halted(f"The url {url} is not supported by composite requests")
    headers = request.get("httpHeaders")
    return dispatch(call, method, url, body, headers if isinstance(headers, dict) else None)


def _fill(value: Any, progress: _Progress, *, is_url: bool = False) -> Any:
    """Replace references such as `@{ref.id}`, in strings at any depth."""
    if isinstance(value, dict):
        return {key: _fill(one, progress) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, progress) for one in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        text = str(_look_up(match[1], match[2], progress))
        return quote(text, safe="") if is_url else text

    return _REFERENCE.sub(found, value)


def _look_up(reference: str, path: str, progress: _Progress) -> Any:
    reply = progress.replies.get(reference)
    value: Any = reply.body if reply is not None and reply.status < 400 else None
    for name, index in _STEP.findall(path):
        if name and isinstance(value, Mapping):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            value = None
    if value is None:
        wanted = path.lstrip(".")
        raise ApiError(
            400,
            "PROCESSING_HALTED",
            f"Invalid reference specified. No value for {reference}.{wanted} found in {reference}",
        )
    return value


def _mixed_dml(store: Store, request: Mapping[str, Any], progress: _Progress) -> Reply | None:
    match = _SOBJECT.match(request["url"])
    if match is None or str(request["method"]).upper() == "GET":
        return None
    object_type = store.find_type(match[1])
    if object_type is None:
        return None
    first = progress.first_type = progress.first_type or object_type
    if first.is_setup is object_type.is_setup:
        return None
    text = (
        "DML operation on setup object is not permitted after you have updated a non-setup "
        f"object (or vice versa): {object_type.name}, original object: {first.name}"
    )
    return Reply([{"errorCode": "MIXED_DML_OPERATION", "message": text, "fields": []}], 400)


def _has_failed(reply: Reply) -> bool:
    if reply.status >= 400:
        return True
    rows = reply.body if isinstance(reply.body, list) else []
    return any(isinstance(row, Mapping) and row.get("success") is False for row in rows)


def _halted(message: str) -> Reply:
    return Reply([{"errorCode": "PROCESSING_HALTED", "message": message}], 400)


def _part(reference: str, reply: Reply) -> dict[str, Any]:
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers or {}),
        "httpStatusCode": reply.status,
        "referenceId": reference,
    }

"""Requests in one body that refer to each other: `@{ref.id}` is a value of an earlier answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects.schema import ObjectType
from provisioner.emulator.objects.store import Store
from provisioner.emulator.routing import Call, Reply
from provisioner.emulator.subrequests import dispatch

Request = Mapping[str, Any]
Run = Callable[[Call, Request, "Progress"], Reply]

_REFERENCE_ID = re.compile(r"[A-Za-z0-9]\w*\Z", re.ASCII)
_REFERENCE = re.compile(r"@\{\s*(\w+)((?:\.\w+|\[\d+\])+)\s*\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_SOBJECT = re.compile(r"/services/data/v\d+\.\d/sobjects/(\w+)")
_NULL_IS_A_VALUE = 52  # the first API version in which a reference to a null field succeeds
ROLLED_BACK = (
    "The transaction was rolled back since another operation in the same transaction failed."
)


@dataclass
class Progress:
    """The answers so far."""

    replies: dict[str, Reply] = field(default_factory=dict)
    first_type: ObjectType | None = None

    def parts(self) -> list[dict[str, Any]]:
        """The answers as parts of the body, in the order of the requests."""
        return [_part(reference, reply) for reference, reply in self.replies.items()]


class _RolledBackError(Exception):
    """Rolls back the transaction of requests that succeed or fail together."""


def check_requests(requests: list[Any]) -> None:
    """Raise ApiError unless each request is complete and has a reference id of its own."""
    seen: set[str] = set()
    for request in requests:
        keys = ("method", "url", "referenceId")
        if not isinstance(request, dict) or not all(isinstance(request.get(k), str) for k in keys):
            text = "Each subrequest must have a method, a url and a referenceId."
            raise ApiError(400, "JSON_PARSER_ERROR", text)
        reference = request["referenceId"]
        if not _REFERENCE_ID.match(reference):
            raise ApiError(400, "INVALID_INPUT", _wrong_reference(reference))
        if reference in seen:
            raise ApiError(400, "INVALID_INPUT", f"Duplicate referenceId: {reference}")
        seen.add(reference)


def _wrong_reference(reference: str) -> str:
    return (
        f"Provided referenceId ('{reference}') must start with a letter or a number, and it can "
        "contain only letters, numbers and underscores ('_')."
    )


def run_all_or_none(call: Call, requests: list[Any], progress: Progress, run: Run) -> bool:
    """One transaction: the first failure rolls back all changes and stops the rest.

    Returns whether all succeeded. Source of the answer: a recorded response of a composite graph
    (salesforce-misc/ReVoman, graph-response-error.json).
    """
    store = call.session_org().store
    failed = ""
    try:
        with store.transaction():
            for request in requests:
                failed = request["referenceId"]
                reply = _mixed_dml(store, request, progress) or run(call, request, progress)
                progress.replies[failed] = reply
                if _has_failed(reply):
                    raise _RolledBackError  # noqa: TRY301 - the transaction undoes the changes
    except _RolledBackError:
        refusal = progress.replies[failed]
        progress.replies = {one["referenceId"]: halted(ROLLED_BACK) for one in requests}
        progress.replies[failed] = refusal
        return False
    return True


def run_request(
    call: Call, request: Request, progress: Progress, *, is_tooling: bool = False
) -> Reply:
    """The answer to one request, with the values of earlier answers filled in.

    With `is_tooling` it must be one of the Tooling API, else one of the others.
    """
    method = str(request["method"]).upper()
    try:
        url = _fill(call, request["url"], progress, is_url=True)
        body = _fill(call, request.get("body"), progress)
    except ApiError as error:
        return halted(error.message)
    path = url.partition("?")[0]
    if not path.startswith("/services/data/v") or ("/tooling/" in path) is not is_tooling:
        return halted(f"The url {url} is not supported by composite requests")
    headers = request.get("httpHeaders")
    return dispatch(call, method, url, body, headers if isinstance(headers, dict) else None)


def references(value: Any) -> Iterator[str]:
    """The reference ids that a value names, at any depth."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, str):
        yield from (match[1] for match in _REFERENCE.finditer(value))


def _fill(call: Call, value: Any, progress: Progress, *, is_url: bool = False) -> Any:
    """Replace references such as `@{ref.id}`, in strings at any depth."""
    if isinstance(value, dict):
        return {key: _fill(call, one, progress) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(call, one, progress) for one in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and not is_url and _look_up(call, whole, progress) is None:
        return None

    def found(match: re.Match[str]) -> str:
        wanted = _look_up(call, match, progress)
        text = "" if wanted is None else str(wanted)
        return quote(text, safe="") if is_url else text

    return _REFERENCE.sub(found, value)


def _look_up(call: Call, match: re.Match[str], progress: Progress) -> Any:
    """The value that a reference names.

    Null is a value from API version 52.0 on (REST API Developer Guide, "Composite").
    """
    reference, path = match[1], match[2]
    reply = progress.replies.get(reference)
    value: Any = reply.body if reply is not None and reply.status < 400 else None
    is_there = value is not None
    for name, index in _STEP.findall(path):
        if name and isinstance(value, Mapping) and name in value:
            value = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            is_there = False
            break
    if is_there and (value is not None or float(call.version or "0") >= _NULL_IS_A_VALUE):
        return value
    wanted = f"{reference}{path}"
    raise ApiError(
        400,
        "PROCESSING_HALTED",
        f"Invalid reference specified. No value for {wanted} found in {reference}. "
        + _wrong_reference(wanted),
    )


def _mixed_dml(store: Store, request: Request, progress: Progress) -> Reply | None:
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


def halted(message: str) -> Reply:
    """The answer to a request that was not run, or whose changes were rolled back."""
    return Reply([{"errorCode": "PROCESSING_HALTED", "message": message}], 400)


def _part(reference: str, reply: Reply) -> dict[str, Any]:
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers or {}),
        "httpStatusCode": reply.status,
        "referenceId": reference,
    }

"""`/composite/batch`: up to 25 independent requests in one.

Source: "Composite Batch" in the REST API Developer Guide.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.errors import ApiError
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.subrequests import dispatch

_MAXIMUM = 25


@route("/services/data/v<version>/composite/batch", "POST", name="batch")
def batch(call: Call) -> Reply:
    """`{"hasErrors", "results": [{"statusCode", "result"}]}`; `haltOnError` stops at an error."""
    body = call.json()
    requests = body.get("batchRequests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "JSON_PARSER_ERROR", "batchRequests is missing or no list")
    if len(requests) > _MAXIMUM:
        raise ApiError(400, "LIMIT_EXCEEDED", f"The batch has more than {_MAXIMUM} subrequests.")
    halts = body.get("haltOnError") is True
    results: list[dict[str, Any]] = []
    for request in requests:
        has_failed = any(one["statusCode"] >= 400 for one in results)
        results.append(_halted() if halts and has_failed else _run(call, request))
    return Reply({"hasErrors": any(one["statusCode"] >= 400 for one in results),
                  "results": results})  # fmt: skip


def _run(call: Call, request: Any) -> dict[str, Any]:
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise ApiError(400, "JSON_PARSER_ERROR", "Each subrequest must have a method and a url.")
    url = request["url"].lstrip("/")
    path = f"/{url}" if url.startswith("services/") else f"/services/data/{url}"
    method = str(request.get("method", "GET")).upper()
    reply = dispatch(call, method, path, request.get("richInput"))
    return {"statusCode": reply.status, "result": reply.body}


def _halted() -> dict[str, Any]:
    entry = {
        "errorCode": "BATCH_PROCESSING_HALTED",
        "message": "Batch processing halted per request configuration",
    }
    return {"statusCode": 412, "result": [entry]}

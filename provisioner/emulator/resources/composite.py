"""`/composite`: up to 25 requests in one, which may refer to earlier answers.

Source: "Composite" in the REST API Developer Guide; "Improve Performance with the Composite
Resource" in the Tooling API reference.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from provisioner.emulator.composite_requests import (
    Progress,
    Run,
    check_requests,
    run_all_or_none,
    run_request,
)
from provisioner.emulator.errors import ApiError
from provisioner.emulator.routing import Call, Reply, route

_MAXIMUM = 25
_MAXIMUM_QUERIES = 5  # of queries and sObject collections together
_LIMITED = re.compile(r"/services/data/v\d+\.\d/(?:query|queryAll|composite/sobjects)\b")


@route("/services/data/v<version>/composite", "POST", name="composite")
def composite(call: Call) -> Reply:
    """200 with a part for each request, also for failed ones."""
    return _answer(call, run_request)


@route("/services/data/v<version>/tooling/composite", "POST", name="tooling.composite")
def tooling_composite(call: Call) -> Reply:
    """The same for requests of the Tooling API."""
    return _answer(call, partial(run_request, is_tooling=True))


def _answer(call: Call, run: Run) -> Reply:
    body = call.json()
    requests = body.get("compositeRequest") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "JSON_PARSER_ERROR", "compositeRequest is missing or no list")
    _check(requests)
    progress = Progress()
    if body.get("allOrNone") is True:
        run_all_or_none(call, requests, progress, run)
    else:
        for request in requests:
            progress.replies[request["referenceId"]] = run(call, request, progress)
    return Reply({"compositeResponse": progress.parts()})


def _check(requests: list[Any]) -> None:
    if len(requests) > _MAXIMUM:
        text = f"The composite request has more than {_MAXIMUM} subrequests."
        raise ApiError(400, "LIMIT_EXCEEDED", text)
    check_requests(requests)
    if sum(1 for one in requests if _LIMITED.match(one["url"])) > _MAXIMUM_QUERIES:
        text = f"The composite request has more than {_MAXIMUM_QUERIES} queries and collections."
        raise ApiError(400, "LIMIT_EXCEEDED", text)

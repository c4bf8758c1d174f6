"""`/composite/graph`: graphs of requests for records; each graph succeeds or fails as a whole.

Source: "Using Composite Graphs" and "Composite Graph Limits" in the REST API Developer Guide;
responses that salesforce-misc/ReVoman recorded.

The texts of refused bodies were not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.emulator.composite_requests import (
    ROLLED_BACK,
    Progress,
    check_requests,
    halted,
    references,
    run_all_or_none,
    run_request,
)
from provisioner.emulator.errors import ApiError
from provisioner.emulator.routing import Call, Reply, route

_MOST_GRAPHS = 75
_MOST_NODES = 500  # in one body
_MOST_KINDS = 15  # of nodes: API version, method and object
_MOST_FAILURES = 14  # failed graphs, before the rest are not run
_DEEPEST = 15  # nodes in a chain of references
_FIRST_VERSION = 50
_GRAPH_ID = re.compile(r"[A-Za-z0-9][^.]{0,38}\Z")  # less than 40 characters, no period
_NODE = re.compile(r"/services/data/v(\d+\.\d)/sobjects/(\w+)((?:/[^/?]+){0,2})/?(?:\?.*)?\Z")
_METHODS = (("POST",), ("DELETE", "GET", "PATCH"), ("DELETE", "GET", "PATCH", "POST"))
"""By the number of parts after the object: nothing, an id, an external id and its value."""


@route("/services/data/v<version>/composite/graph", "POST", name="composite.graph")
def composite_graph(call: Call) -> Reply:
    """200 with each graph's answers, also for failed graphs."""
    if float(call.version) < _FIRST_VERSION:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    body = call.json()
    graphs = body.get("graphs") if isinstance(body, dict) else None
    if not isinstance(graphs, list) or not graphs:
        raise ApiError(400, "JSON_PARSER_ERROR", "graphs is missing or no list")
    _check(graphs)
    results: list[dict[str, Any]] = []
    for graph in graphs:
        failures = sum(1 for one in results if not one["isSuccessful"])
        results.append(_run(call, graph, is_halted=failures > _MOST_FAILURES))
    return Reply({"graphs": results})


def _run(call: Call, graph: Mapping[str, Any], *, is_halted: bool) -> dict[str, Any]:
    requests, progress = graph["compositeRequest"], Progress()
    if is_halted:
        progress.replies = {one["referenceId"]: halted(ROLLED_BACK) for one in requests}
    is_successful = not is_halted and run_all_or_none(call, requests, progress, _run_node)
    return {
        "graphId": graph["graphId"],
        "graphResponse": {"compositeResponse": progress.parts()},
        "isSuccessful": is_successful,
    }


def _run_node(call: Call, request: Mapping[str, Any], progress: Progress) -> Reply:
    node = _NODE.match(request["url"])
    method = str(request["method"]).upper()
    if node is None or method not in _METHODS[node[3].count("/")]:
        return halted(f"{method} {request['url']} is not supported by composite graph requests")
    return run_request(call, request, progress)


def _check(graphs: list[Any]) -> None:
    """Raise ApiError for a body that Salesforce refuses as a whole."""
    if len(graphs) > _MOST_GRAPHS:
        raise _limit(f"The request has more than {_MOST_GRAPHS} graphs.")
    for graph in graphs:
        _check_graph(graph)
    ids = [graph["graphId"] for graph in graphs]
    repeated = next((one for one in ids if ids.count(one) > 1), None)
    if repeated is not None:
        raise ApiError(400, "INVALID_INPUT", f"Duplicate graphId: {repeated}")
    nodes = [one for graph in graphs for one in graph["compositeRequest"]]
    if len(nodes) > _MOST_NODES:
        raise _limit(f"The request has more than {_MOST_NODES} nodes.")
    if len(set(_kinds(nodes))) > _MOST_KINDS:
        raise _limit(f"The request has more than {_MOST_KINDS} different nodes.")


def _check_graph(graph: Any) -> None:
    requests = graph.get("compositeRequest") if isinstance(graph, dict) else None
    graph_id = graph.get("graphId") if isinstance(graph, dict) else None
    if not isinstance(graph_id, str) or not isinstance(requests, list) or not requests:
        text = "Each graph must have a graphId and a compositeRequest."
        raise ApiError(400, "JSON_PARSER_ERROR", text)
    if not _GRAPH_ID.match(graph_id):
        raise ApiError(
            400,
            "INVALID_INPUT",
            f"Provided graphId ('{graph_id}') must start with a letter or a number, must have "
            "fewer than 40 characters and cannot contain a period ('.').",
        )
    check_requests(requests)
    if _depth(requests) > _DEEPEST:
        raise _limit(f"The graph {graph_id} is deeper than {_DEEPEST} nodes.")


def _depth(requests: list[Any]) -> int:
    """The number of nodes in the longest chain of references."""
    depths: dict[str, int] = {}
    for request in requests:
        named = references([request["url"], request.get("body")])
        below = max((depths.get(one, 0) for one in named), default=0)
        depths[request["referenceId"]] = below + 1
    return max(depths.values())


def _kinds(nodes: list[Any]) -> Iterator[tuple[str, str, str]]:
    """API version, method and object: nodes that differ in one of them are different."""
    for one in nodes:
        match = _NODE.match(one["url"])
        if match is not None:
            yield match[1], one["method"].upper(), match[2].lower()


def _limit(text: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", text)

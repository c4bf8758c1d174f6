"""Many queries of an org in few requests: composite batches, and composites of the Tooling API.

Source: docs/reference/http.md#several-reads-in-one-request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

from provisioner.errors import ErrorKind
from provisioner.salesforce.api_errors import Call, refused
from provisioner.salesforce.fields import Row, integer, one_for_each, row, rows_in
from provisioner.salesforce.query_pages import all_records
from provisioner.salesforce.retry_malformed import retry_malformed

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

T = TypeVar("T")

MOST_QUERIES = 25  # of one batch
MOST_TOOLING_QUERIES = 5  # of one composite request

_REFUSALS = frozenset({ErrorKind.CONTENT, ErrorKind.CONFIGURATION})

Send = Callable[["OrgClient", Sequence[str]], list[tuple[int, Any]]]
"""Sends a few queries: HTTP status and answer of each."""


def queries(org: OrgClient, soql: Sequence[str]) -> list[list[Row] | None]:
    """The records of each query, over all pages; None for a query that the org refuses.

    One request for 25 queries, and one for each further page. Raises SalesforceError for an error
    that may pass, so a missing result is about the query.
    """
    return _answers(org, soql, _batch, MOST_QUERIES, _records)


def counts(org: OrgClient, soql: Sequence[str]) -> list[int | None]:
    """The result of each `SELECT COUNT() …`, like `queries`."""
    return _answers(org, soql, _batch, MOST_QUERIES, lambda _, page: integer(page, "totalSize"))


def tooling_queries(org: OrgClient, soql: Sequence[str]) -> list[list[Row] | None]:
    """Like `queries`, for the Tooling API: one request for 5 queries."""
    return _answers(org, soql, _tooling_composite, MOST_TOOLING_QUERIES, _records)


def _answers(
    org: OrgClient,
    soql: Sequence[str],
    send: Send,
    most: int,
    read: Callable[[OrgClient, Row], T],
) -> list[T | None]:
    found: list[T | None] = []
    for start in range(0, len(soql), most):
        part = soql[start : start + most]

        def ask(part: Sequence[str] = part) -> list[T | None]:
            answers = send(org, part)
            one_for_each(answers, len(part))
            return [_answer(org, status, body, read) for status, body in answers]

        found += retry_malformed(org.session, Call(org.name, "POST", "composite"), ask)
    return found


def _answer(
    org: OrgClient, status: int, body: Any, read: Callable[[OrgClient, Row], T]
) -> T | None:
    """What `read` returns for one answer; None for a refusal. Raises SalesforceError."""
    if status < 300:
        return read(org, row(body))
    call = Call(org.name, "GET", "query")
    error = refused(call, status, json.dumps(body), "application/json")
    if error.kind in _REFUSALS:
        return None
    raise error


def _records(org: OrgClient, page: Row) -> list[Row]:
    """All records of a query whose first page is known."""
    first = "first page"
    return all_records(lambda path: page if path == first else org.call("GET", path), first)


def _batch(org: OrgClient, soql: Sequence[str]) -> list[tuple[int, Any]]:
    requests = [
        {"method": "GET", "url": f"v{org.api_version}/query?q={quote_plus(one)}"} for one in soql
    ]
    body = {"batchRequests": requests, "haltOnError": False}
    answer = row(org.call("POST", "composite/batch", json=body, is_repeatable=True))
    results = rows_in(answer, "results")
    return [(integer(one, "statusCode"), one.get("result")) for one in results]


def _tooling_composite(org: OrgClient, soql: Sequence[str]) -> list[tuple[int, Any]]:
    path = f"/services/data/v{org.api_version}/tooling/query?q="
    requests = [
        {"method": "GET", "url": path + quote_plus(one), "referenceId": f"query{number}"}
        for number, one in enumerate(soql)
    ]
    body = {"allOrNone": False, "compositeRequest": requests}
    answer = row(org.call("POST", "tooling/composite", json=body, is_repeatable=True))
    results = rows_in(answer, "compositeResponse")
    return [(integer(one, "httpStatusCode"), one.get("body")) for one in results]

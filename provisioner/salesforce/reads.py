"""Reads of an org that share a request: queries, counts, descriptions of objects.

A composite request counts as one API call. It may have 5 queries, and no more descriptions: each of
them can have some 500 kB. Source: docs/reference/http.md#several-requests-in-one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote_plus

from provisioner.errors import SalesforceError
from provisioner.salesforce.api_errors import Call, refused
from provisioner.salesforce.calls import resource
from provisioner.salesforce.fields import Row, integer, one_for_each, row, rows_in
from provisioner.salesforce.query_pages import all_records, counted
from provisioner.salesforce.retry_malformed import retry_malformed

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

T = TypeVar("T")

MOST_READS = 5  # of one request

_QUERY = "query?q="


@dataclass(frozen=True)
class Read(Generic[T]):
    """A GET that may share a request with others."""

    path: str  # relative to `/services/data/vXX.X/`
    read: Callable[[OrgClient, Any], T]
    """What the answer says. Raises MalformedAnswerError."""


def records(soql: str, read: Callable[[Row], T]) -> Read[list[T]]:
    """All records of a query, over all pages, each converted by `read`."""

    def found(org: OrgClient, page: Any) -> list[T]:
        def ask(path: str) -> Any:
            return page if path == soql else org.call("GET", path)

        return [read(each) for each in all_records(ask, soql)]

    return Read(_QUERY + quote_plus(soql), found)


def number(soql: str) -> Read[int]:
    """The result of a `SELECT COUNT() …`."""
    return Read(_QUERY + quote_plus(soql), lambda _, page: counted(page))


def answered(org: OrgClient, reads: Iterable[Read[Any]]) -> list[Any]:
    """What each read returns, in as few requests as possible. Raises SalesforceError."""
    found = answers(org, reads)
    for each in found:
        if isinstance(each, SalesforceError):
            raise each
    return found


def answers(org: OrgClient, reads: Iterable[Read[Any]]) -> list[Any]:
    """Like `answered`, with the SalesforceError of a read that the org has refused in its place.

    Raises SalesforceError when a request as a whole fails.
    """
    wanted = list(reads)
    portions = (wanted[start : start + MOST_READS] for start in range(0, len(wanted), MOST_READS))
    return [answer for portion in portions for answer in _ask(org, portion)]


def _ask(org: OrgClient, reads: Sequence[Read[Any]]) -> list[Any]:
    if len(reads) == 1:
        return [_alone(org, reads[0])]

    def ask() -> list[Any]:
        answers = _composite(org, reads)
        one_for_each(answers, len(reads))
        return [
            _converted(org, one, status, body)
            for one, (status, body) in zip(reads, answers, strict=True)
        ]

    return retry_malformed(org.session, Call(org.name, "POST", "composite"), ask)


def _alone(org: OrgClient, one: Read[Any]) -> Any:
    try:
        return org.get(one.path, lambda answer: one.read(org, answer))
    except SalesforceError as error:
        if not error.status:
            raise  # there was no answer
        return error


def _converted(org: OrgClient, one: Read[Any], status: int, body: Any) -> Any:
    if status < 300:
        return one.read(org, body)
    call = Call(org.name, "GET", resource(one.path))
    return refused(call, status, json.dumps(body), "application/json")


def _composite(org: OrgClient, reads: Sequence[Read[Any]]) -> list[tuple[int, Any]]:
    base = f"/services/data/v{org.api_version}/"
    requests = [
        {"method": "GET", "url": base + one.path, "referenceId": f"read{index}"}
        for index, one in enumerate(reads)
    ]
    body = {"allOrNone": False, "compositeRequest": requests}
    answer = row(org.call("POST", "composite", json=body, is_repeatable=True))
    parts = rows_in(answer, "compositeResponse")
    return [(integer(part, "httpStatusCode"), part.get("body")) for part in parts]

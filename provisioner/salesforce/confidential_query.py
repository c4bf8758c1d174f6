"""Queries whose conditions contain a secret: sent in a body, since addresses are logged on the way.

Source: docs/reference/packages.md#packages-of-a-dev-hub.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.api_errors import Call, refused
from provisioner.salesforce.fields import Row, flag, integer, one_for_each, row, rows_in
from provisioner.salesforce.retry_malformed import retry_malformed

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

T = TypeVar("T")

_PATH = "tooling/composite"


def tooling_query_as(org: OrgClient, soql: str, read: Callable[[Row], T]) -> list[T]:
    """The records of a query of the Tooling API that has one page, each converted by `read`."""
    url = f"/services/data/v{org.api_version}/tooling/query/?q={quote_plus(soql)}"
    request = {"method": "GET", "url": url, "referenceId": "found"}
    body = {"allOrNone": False, "compositeRequest": [request]}
    call = Call(org.name, "POST", _PATH)

    def ask() -> list[T]:
        answer = org.call("POST", _PATH, json=body, is_repeatable=True)
        return [read(record) for record in _records(call, answer)]

    return retry_malformed(org.session, call, ask)


def _records(call: Call, answer: Any) -> list[Row]:
    """The records of the one answer. Raises SalesforceError when the query was refused."""
    answers = rows_in(row(answer), "compositeResponse")
    one_for_each(answers, 1)
    status = integer(answers[0], "httpStatusCode")
    if status >= 400:
        raise refused(call, status, json.dumps(answers[0].get("body")), "application/json")
    page = row(answers[0].get("body"))
    if not flag(page, "done"):
        raise MalformedAnswerError("it has more than one page")
    return rows_in(page, "records")

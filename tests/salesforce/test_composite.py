"""Many queries in one request: each has its own answer, and its own further pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.composite import counts, queries, tooling_queries
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted

MORE = "/services/data/v68.0/query/01g-2000"
REFUSED = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'Quote' is not supported."}]
BUSY = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}]


def page(*ids: str, **more: Any) -> dict[str, Any]:
    return {"done": not more, "records": [{"Id": each} for each in ids], **more}


def batch(*results: tuple[int, Any]) -> Answer:
    found = [{"statusCode": status, "result": result} for status, result in results]
    return Answer(200, {"hasErrors": False, "results": found})


def test_each_query_is_read_over_all_pages_and_a_refused_one_is_none(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(
        batch((200, page("1", nextRecordsUrl=MORE)), (400, REFUSED), (200, page("3"))),
        Answer(200, page("2")),
    )
    soql = ["SELECT Id FROM A", "SELECT Id FROM Quote", "SELECT Id FROM B"]
    found = queries(scripted(server, transport), soql)
    assert found == [[{"Id": "1"}, {"Id": "2"}], None, [{"Id": "3"}]]
    first, second = server.seen
    assert (first.method, first.path) == ("POST", "/services/data/v68.0/composite/batch")
    urls = [each["url"] for each in json.loads(first.body)["batchRequests"]]
    assert urls[0] == "v68.0/query?q=SELECT+Id+FROM+A"
    assert second.path == MORE


def test_more_than_25_counts_are_two_requests(server: ScriptedServer, transport: Transport) -> None:
    one = (200, {"totalSize": 7, "done": True, "records": []})
    server.plays(batch(*[one] * 25), batch(*[one] * 2))
    assert counts(scripted(server, transport), ["SELECT COUNT() FROM A"] * 27) == [7] * 27
    assert len(server.seen) == 2


def test_queries_of_the_tooling_api_are_one_composite_request(
    server: ScriptedServer, transport: Transport
) -> None:
    parts = [{"httpStatusCode": 200, "body": page("1")}, {"httpStatusCode": 400, "body": REFUSED}]
    server.plays(Answer(200, {"compositeResponse": parts}))
    found = tooling_queries(scripted(server, transport), ["SELECT Id FROM A", "SELECT Id FROM B"])
    assert found == [[{"Id": "1"}], None]
    (seen,) = server.seen
    assert seen.path == "/services/data/v68.0/tooling/composite"
    sent = json.loads(seen.body)["compositeRequest"]
    assert [each["referenceId"] for each in sent] == ["query0", "query1"]


def test_an_error_that_may_pass_is_raised(server: ScriptedServer, transport: Transport) -> None:
    server.plays(batch((200, page("1")), (400, BUSY)))
    with pytest.raises(SalesforceError, match="UNABLE_TO_LOCK_ROW") as caught:
        queries(scripted(server, transport), ["SELECT Id FROM A", "SELECT Id FROM B"])
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_an_answer_that_lacks_a_result_is_requested_again(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(batch((200, page("1"))), batch((200, page("1")), (200, page("2"))))
    found = queries(scripted(server, transport), ["SELECT Id FROM A", "SELECT Id FROM B"])
    assert found == [[{"Id": "1"}], [{"Id": "2"}]]

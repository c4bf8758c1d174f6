"""Reads that share a request: each has its own answer, its own further pages, its own refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.describe import fields_of
from provisioner.salesforce.reads import Read, answered, answers, number, records
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted
from tests.salesforce.world import Emulated

MORE = "/services/data/v68.0/query/01g-2000"
REFUSED = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'Quote' is not supported."}]


def page(*ids: str, **more: Any) -> dict[str, Any]:
    return {"done": not more, "records": [{"Id": each} for each in ids], **more}


def composite(*parts: tuple[int, Any]) -> Answer:
    found = [{"httpStatusCode": status, "body": body} for status, body in parts]
    return Answer(200, {"compositeResponse": found})


def ids(sobject: str) -> Read[list[str]]:
    return records(f"SELECT Id FROM {sobject}", lambda row: str(row["Id"]))


def test_each_read_has_its_answer_over_all_pages(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(
        composite((200, page("1", nextRecordsUrl=MORE)), (200, {**page(), "totalSize": 7})),
        Answer(200, page("2")),
    )
    wanted: list[Read[Any]] = [ids("A"), number("SELECT COUNT() FROM B")]
    assert answered(scripted(server, transport), wanted) == [["1", "2"], 7]
    first, second = server.seen
    assert (first.method, first.path) == ("POST", "/services/data/v68.0/composite")
    sent = json.loads(first.body)
    assert sent["allOrNone"] is False
    assert [one["url"] for one in sent["compositeRequest"]] == [
        "/services/data/v68.0/query?q=SELECT+Id+FROM+A",
        "/services/data/v68.0/query?q=SELECT+COUNT%28%29+FROM+B",
    ]
    assert second.path == MORE


def test_a_refusal_concerns_its_read_only(server: ScriptedServer, transport: Transport) -> None:
    server.plays(composite((200, page("1")), (400, REFUSED)), composite((200, page()), (404, [])))
    org = scripted(server, transport)
    found, refused = answers(org, [ids("A"), ids("Quote")])
    assert found == ["1"]
    assert isinstance(refused, SalesforceError)
    assert (refused.error_code, refused.kind) == ("INVALID_TYPE", ErrorKind.CONTENT)
    with pytest.raises(SalesforceError, match=r"GET sobjects/No/describe: HTTP 404"):
        answered(org, [ids("A"), fields_of("No")])


def test_one_read_needs_no_composite_request(emulated: Emulated) -> None:
    org = emulated.scratch_org()
    (found,) = answered(emulated.client(), [ids("Organization")])
    assert [one[:15] for one in found] == [org.id[:15]]
    (refused,) = answers(emulated.client(), [fields_of("Gone__c")])
    assert isinstance(refused, SalesforceError)
    assert refused.status == 404
    assert emulated.requests("composite") == 0


def test_six_reads_are_two_requests_which_salesforce_accepts(emulated: Emulated) -> None:
    """A composite request may have five queries."""
    emulated.scratch_org()
    counts = [number(f"SELECT COUNT() FROM {name}") for name in ("Case", "Task", "Lead")] * 2
    found = answered(emulated.client(), [*counts, fields_of("Account")])
    assert found[:6] == [0] * 6
    assert found[6]["name"].type == "string"
    assert emulated.requests("composite") == 2


def test_an_answer_that_lacks_a_part_is_requested_again(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(composite((200, page("1"))), composite((200, page("1")), (200, page("2"))))
    assert answered(scripted(server, transport), [ids("A"), ids("B")]) == [["1"], ["2"]]

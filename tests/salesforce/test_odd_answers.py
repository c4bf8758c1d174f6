"""Answers of success that are not what the API promises are errors that pass, and no crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.active_orgs import active_orgs
from provisioner.salesforce.apex import execute_anonymous
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.fields import row
from provisioner.salesforce.hub import DevHub
from provisioner.salesforce.metadata import deploy_status, start_deploy
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.packages import InstallRequest, install_status, request_install
from provisioner.salesforce.permission_sets import assign
from provisioner.salesforce.records import insert_tree
from provisioner.salesforce.signup_status import UNREADABLE
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted

CALLS: dict[str, Callable[[OrgClient], Any]] = {
    "a deploy": lambda org: start_deploy(org, deploy_body(b"zip")),
    "a poll of a deploy": lambda org: deploy_status(org, "0Af000000000001AAA"),
    "an install": lambda org: request_install(org, InstallRequest("04t000000000001AAA")),
    "a poll of an install": lambda org: install_status(org, "0Hf000000000001AAA"),
    "a query": lambda org: org.query("SELECT Id FROM A"),
    "a count": lambda org: org.count("SELECT COUNT() FROM A"),
    "a tooling query": lambda org: org.tooling_query_as("SELECT Id FROM A", row),
    "an insert": lambda org: org.create("Account", {"Name": "x"}),
    "many inserts": lambda org: org.create_many([{"attributes": {"type": "Account"}}]),
    "many deletions": lambda org: org.delete_many(["001000000000001AAA"]),
    "assignments": lambda org: assign(org, "005000000000001AAA", ["0PS000000000001AAA"]),
    "a tree": lambda org: insert_tree(org, "Account", [{"Name": "x"}]),
    "a script": lambda org: execute_anonymous(org, "x();"),
    "limits": lambda org: DevHub(org).limits(),
    "sign-ups": lambda org: DevHub(org).signups(["2SR000000000001AAA"], []),
}

ROW: dict[str, Any] = {
    "Id": "2SR000000000001AAA", "Username": "a@acme.example", "SignupUsername": "a@acme.example",
    "Status": "Active", "ErrorCode": None, "ScratchOrg": "00D000000000001",
    "LoginUrl": "https://acme.my.salesforce.com", "SignupInstance": "CS1",
    "ExpirationDate": "2026-11-30",
}  # fmt: skip
"""A row of ScratchOrgInfo as the Dev Hub gives it."""

GOOD: dict[str, Any] = {
    "a query": {"records": [{"Id": "1"}], "done": True, "totalSize": 1},
    "a poll of an install": {"Id": "0Hf000000000001AAA", "Status": "SUCCESS", "Errors": None},
    "sign-ups": {"records": [ROW], "done": True, "totalSize": 1},
    "limits": {
        "ActiveScratchOrgs": {"Max": 40, "Remaining": 3},
        "DailyScratchOrgs": {"Max": 80, "Remaining": 9},
    },
}


@pytest.mark.parametrize("body", [[], [1], None, 5, "text"], ids=repr)
@pytest.mark.parametrize("name", CALLS)
def test_an_answer_of_another_shape_is_an_error_that_passes(
    server: ScriptedServer, transport: Transport, name: str, body: Any
) -> None:
    text = f'"{body}"' if isinstance(body, str) else body
    server.plays(Answer(200, text, {"Content-Type": "application/json"}))
    with pytest.raises(SalesforceError, match="me: ") as caught:
        CALLS[name](scripted(server, transport))
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize("body", ["[" * 2000 + "]" * 2000, '{"a":' * 2000, "[NaN]"], ids=len)
@pytest.mark.parametrize("name", CALLS)
def test_json_that_no_honest_server_sends_is_an_error_that_passes(
    server: ScriptedServer, transport: Transport, name: str, body: str
) -> None:
    server.plays(Answer(200, body, {"Content-Type": "application/json"}))
    with pytest.raises(SalesforceError, match="me: ") as caught:
        CALLS[name](scripted(server, transport))
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"limits"}))
def test_an_empty_object_says_nothing_of_success(
    server: ScriptedServer, transport: Transport, name: str
) -> None:
    server.plays(Answer(200, {}))
    with pytest.raises(SalesforceError, match="malformed") as caught:
        CALLS[name](scripted(server, transport))
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize("name", ["a query", "a poll of an install", "sign-ups", "limits"])
def test_a_malformed_answer_is_asked_for_again_where_that_does_no_harm(
    server: ScriptedServer, transport: Transport, name: str
) -> None:
    server.plays(Answer(200, "[" * 2_000), Answer(200, {}), Answer(200, GOOD[name]))
    assert CALLS[name](scripted(server, transport))
    assert len(server.seen) == 3


@pytest.mark.parametrize("name", ["a deploy", "an install", "an insert", "a tree", "a script"])
def test_what_may_have_been_done_is_asked_for_once(
    server: ScriptedServer, transport: Transport, name: str
) -> None:
    server.plays(Answer(200, {}))
    with pytest.raises(SalesforceError):
        CALLS[name](scripted(server, transport))
    assert len(server.seen) == 1


def test_fewer_results_than_records_are_no_success(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(Answer(200, [{"id": "0Pa000000000001AAA", "success": True, "errors": []}]))
    two = ["0PS000000000001AAA", "0PS000000000002AAA"]
    with pytest.raises(SalesforceError, match="1 results for 2 requests"):
        assign(scripted(server, transport), "005000000000001AAA", two)


def hub_that_says(server: ScriptedServer, transport: Transport, *rows: Any) -> DevHub:
    server.plays(Answer(200, {"records": list(rows), "done": True, "totalSize": len(rows)}))
    return DevHub(scripted(server, transport))


ODD: dict[str, dict[str, Any]] = {
    "no id": {"Id": None},
    "an id of another object": {"Id": "001000000000001AAA"},
    "an id of no form": {"Id": "x" * 300},
    "no org id": {"ScratchOrg": None},
    "an org id of no form": {"ScratchOrg": "'; DROP"},
    "an org id of another object": {"ScratchOrg": "001000000000001"},
    "a number for a status": {"Status": 5},
    "a list for a code": {"ErrorCode": ["C-1007"]},
    "an address with a password": {"LoginUrl": "https://a:b@acme.my.salesforce.com"},
    "an address that is none": {"LoginUrl": "acme in words"},
    "an address in clear": {"LoginUrl": "http://acme.my.salesforce.com"},
    "a port out of range": {"LoginUrl": "https://acme.my.salesforce.com:99999"},
    "a day that is none": {"ExpirationDate": "2026-02-31"},
    "the year 9999": {"ExpirationDate": "9999-12-31"},
    "the year 1": {"ExpirationDate": "0001-01-01"},
    "a number for a day": {"ExpirationDate": 20261130},
    "a huge text": {"SignupInstance": "x" * 100_000},
    "an object for a username": {"SignupUsername": {}},
}


@pytest.mark.parametrize("odd", ODD)
def test_a_sign_up_whose_row_is_malformed_is_neither_believed_nor_missed(
    server: ScriptedServer, transport: Transport, odd: str
) -> None:
    hub = hub_that_says(server, transport, {**ROW, **ODD[odd]})
    (by_id,) = hub.signups([ROW["Id"]], [])
    (by_name,) = hub.signups([], [ROW["Username"]])
    assert by_id.status == by_name.status == UNREADABLE
    assert not by_id.org_id
    assert by_id.id == ROW["Id"] or by_id.username == ROW["Username"]


@pytest.mark.parametrize("odd", ODD)
def test_a_malformed_row_takes_no_other_with_it(
    server: ScriptedServer, transport: Transport, odd: str
) -> None:
    other = {**ROW, "Id": "2SR000000000002AAA", "Username": "b@acme.example"}
    other["SignupUsername"] = "b@acme.example"
    hub = hub_that_says(server, transport, {**ROW, **ODD[odd]}, other)
    found = {s.id: s.status for s in hub.signups([ROW["Id"], other["Id"]], [])}
    assert found[other["Id"]] == "Active"
    hub = hub_that_says(server, transport, *[{**r, "Description": ""} for r in (
        {**ROW, **ODD[odd]}, other)])  # fmt: skip
    assert [org.sign_up.id for org in active_orgs(hub)] == [other["Id"]]


def test_a_sign_up_that_was_not_asked_for_is_ignored(
    server: ScriptedServer, transport: Transport
) -> None:
    other = {**ROW, "Id": "2SR000000000009AAA", "SignupUsername": "x@y.example"}
    hub = hub_that_says(server, transport, ROW, other)
    assert [status.id for status in hub.signups([ROW["Id"]], [])] == [ROW["Id"]]


@pytest.mark.parametrize(
    "limit",
    [
        {"Max": 40, "Remaining": -3},
        {"Max": 40, "Remaining": 41},
        {"Max": 10**18, "Remaining": 1},
        {"Max": "40", "Remaining": "3"},
        {"Max": 40, "Remaining": True},
        {"Max": 40},
        None,
    ],
    ids=str,
)
def test_limits_that_cannot_be_are_not_believed(
    server: ScriptedServer, transport: Transport, limit: Any
) -> None:
    server.plays(Answer(200, {**GOOD["limits"], "ActiveScratchOrgs": limit}))
    with pytest.raises(SalesforceError, match="malformed"):
        DevHub(scripted(server, transport)).limits()


ACTIVE = {"Id": "2MP000000000001AAA", "SignupUsername": "a@acme.example", "ScratchOrg": None}


def listed(*rows: Any) -> Answer:
    return Answer(200, {"records": list(rows), "done": True, "totalSize": len(rows)})


def test_an_org_that_is_still_listed_was_not_deleted(
    server: ScriptedServer, transport: Transport
) -> None:
    """The id of its row was spoilt on the way: there was nothing to delete under that id."""
    gone = [{"success": False, "errors": [{"statusCode": "NOT_FOUND", "message": "no"}]}]
    server.plays(listed({**ACTIVE, "Id": "2MP000000000009AAA"}), Answer(200, gone), listed(ACTIVE))
    refused = DevHub(scripted(server, transport)).delete_orgs(["a@acme.example"])
    assert list(refused) == ["a@acme.example"]


@pytest.mark.parametrize(
    "result",
    [
        {"id": "2MP000000000002AAA", "success": True, "errors": []},
        {"id": None, "success": True},
        {"success": 1},
        {"success": False, "errors": None},
        {},
    ],
    ids=str,
)
def test_a_deletion_is_believed_when_it_is_about_the_row_that_was_deleted(
    server: ScriptedServer, transport: Transport, result: Any
) -> None:
    server.plays(listed(ACTIVE), Answer(200, [result]))
    refused = DevHub(scripted(server, transport)).delete_orgs(["a@acme.example"])
    assert refused["a@acme.example"]


def test_an_org_whose_id_differs_in_case_is_left_alone(
    server: ScriptedServer, transport: Transport
) -> None:
    """A condition on ScratchOrg, which is a text, may find it as well."""
    wanted = {**ACTIVE, "ScratchOrg": "00D00000000006T"}
    other = {**ACTIVE, "Id": "2MP000000000002AAA", "ScratchOrg": "00D00000000006t"}
    gone: list[dict[str, Any]] = [{"id": ACTIVE["Id"], "success": True, "errors": []}]
    server.plays(listed(other, wanted), Answer(200, gone))
    refused = DevHub(scripted(server, transport)).delete_orgs(["00D00000000006TEAA"])
    assert refused == {}
    [deletion] = [seen.path for seen in server.seen if seen.method == "DELETE"]
    assert f"ids={ACTIVE['Id']}&" in deletion


def test_an_org_that_was_not_asked_for_is_never_deleted(
    server: ScriptedServer, transport: Transport
) -> None:
    other = {**ACTIVE, "SignupUsername": "somebody@else.example"}
    server.plays(listed(other))
    with pytest.raises(SalesforceError, match="was not requested"):
        DevHub(scripted(server, transport)).delete_orgs(["a@acme.example"])
    assert {seen.method for seen in server.seen} == {"GET"}


LONG = "Integer i = 1;" * 1_000  # a script that does not fit into a URL goes over SOAP
XML = {"Content-Type": "text/xml"}
BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
GOOD_XML = (
    "<r><compiled>true</compiled><success>true</success><line>-1</line><column>-1</column></r>"
)


@pytest.mark.parametrize(
    "body",
    [
        "", "<r>", BOMB, "no XML", "<r/>", "<a>" * 5_000, "<a>" * 3_000 + "</a>" * 3_000,
        '<?xml version="1.0" encoding="nobody-knows"?><r/>', GOOD_XML.replace("true", "perhaps"),
        GOOD_XML.replace("-1", "9" * 5_000), GOOD_XML.replace("success", "other"),
    ],
    ids=lambda body: body[:20],
)  # fmt: skip
def test_xml_that_tells_nothing_of_a_script_is_an_error_that_passes(
    server: ScriptedServer, transport: Transport, body: str
) -> None:
    server.plays(Answer(200, body, XML))
    with pytest.raises(SalesforceError) as caught:
        execute_anonymous(scripted(server, transport), LONG)
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert len(server.seen) == 1


def test_xml_as_the_api_promises_it_is_believed(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(Answer(200, GOOD_XML, XML))
    assert execute_anonymous(scripted(server, transport), LONG).is_success


def test_a_header_of_endless_digits_tells_of_no_usage(
    server: ScriptedServer, transport: Transport
) -> None:
    used = f"api-usage={'9' * 5_000}/100"
    server.plays(Answer(200, GOOD["a query"], {"Sforce-Limit-Info": used}))
    org = scripted(server, transport)
    assert org.query("SELECT Id FROM A")
    assert org.session.usage is None

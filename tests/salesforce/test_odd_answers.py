"""Answers of success that are not what the API promises are errors that pass, and no crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.errors import SalesforceError
from provisioner.salesforce.apex import execute_anonymous
from provisioner.salesforce.hub import DevHub
from provisioner.salesforce.metadata import deploy_body, deploy_status, start_deploy
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.packages import InstallRequest, install_status, request_install
from provisioner.salesforce.permission_sets import assign
from provisioner.salesforce.records import insert_tree
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted

CALLS: dict[str, Callable[[OrgClient], Any]] = {
    "a deploy": lambda org: start_deploy(org, deploy_body(b"zip")),
    "a look at a deploy": lambda org: deploy_status(org, "0Af000000000001AAA"),
    "an install": lambda org: request_install(org, InstallRequest("04t000000000001AAA")),
    "a look at an install": lambda org: install_status(org, "0Hf000000000001AAA"),
    "a query": lambda org: org.query("SELECT Id FROM A"),
    "a count": lambda org: org.count("SELECT COUNT() FROM A"),
    "a tooling query": lambda org: org.tooling_query("SELECT Id FROM A"),
    "an insert": lambda org: org.create("Account", {"Name": "x"}),
    "many inserts": lambda org: org.create_many([{"attributes": {"type": "Account"}}]),
    "many deletions": lambda org: org.delete_many(["001000000000001AAA"]),
    "assignments": lambda org: assign(org, "005000000000001AAA", ["0PS000000000001AAA"]),
    "a tree": lambda org: insert_tree(org, "Account", [{"Name": "x"}]),
    "a script": lambda org: execute_anonymous(org, "x();"),
    "sign-ups": lambda org: DevHub(org).signups(["2SR000000000001AAA"], []),
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
    assert caught.value.kind == "transient"


@pytest.mark.parametrize("body", ["[" * 2000 + "]" * 2000, '{"a":' * 2000, "[NaN]"], ids=len)
@pytest.mark.parametrize("name", CALLS)
def test_json_that_no_honest_server_sends_is_an_error_that_passes(
    server: ScriptedServer, transport: Transport, name: str, body: str
) -> None:
    server.plays(Answer(200, body, {"Content-Type": "application/json"}))
    with pytest.raises(SalesforceError, match="me: ") as caught:
        CALLS[name](scripted(server, transport))
    assert caught.value.kind == "transient"


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"a look at a deploy", "a deploy"}))
def test_an_empty_object_says_nothing_of_success(
    server: ScriptedServer, transport: Transport, name: str
) -> None:
    server.plays(Answer(200, {}))
    org = scripted(server, transport)
    if name == "a look at an install":
        assert install_status(org, "0Hf000000000001AAA").status == "UNKNOWN"
    elif name == "a script":
        assert not execute_anonymous(org, "x();").is_success
    else:
        with pytest.raises(SalesforceError):
            CALLS[name](org)


@pytest.mark.parametrize("name", ["a deploy", "a look at a deploy"])
def test_a_deploy_that_nothing_is_said_of_is_not_over(
    server: ScriptedServer, transport: Transport, name: str
) -> None:
    server.plays(Answer(200, {}))
    status = CALLS[name](scripted(server, transport))
    assert not status.is_done


def test_fewer_results_than_records_are_no_success(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(Answer(200, [{"id": "0Pa000000000001AAA", "success": True, "errors": []}]))
    two = ["0PS000000000001AAA", "0PS000000000002AAA"]
    with pytest.raises(SalesforceError, match="not as expected"):
        assign(scripted(server, transport), "005000000000001AAA", two)

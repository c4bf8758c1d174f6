"""Deploys by REST: the request, the result over time, cancelling, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.metadata.builders import (
    apex,
    custom_field,
    custom_object,
    object_part,
    package,
)
from tests.emulator.metadata.conftest import API, OPTIONS, OrgClient, failures, successes

DEPLOY = f"{API}/metadata/deployRequest"
CLASS = package({"ApexClass": "A"}, apex("A", "public class A { }"))


@pytest.mark.parametrize("name", ["json", "entity_content"])
def test_both_namings_of_the_parts_are_understood(client: OrgClient, name: str) -> None:
    files = {
        name: (None, json.dumps({"deployOptions": OPTIONS}), "application/json"),
        "file": ("package.xml", CLASS, "application/zip"),
    }
    reply = client.call("POST", DEPLOY, files=files)
    assert reply.status_code == 201
    body = reply.json()
    assert body["id"].startswith("0Af")
    assert body["validatedDeployRequestId"] is None
    assert body["deployOptions"]["singlePackage"] is True
    assert body["deployResult"]["id"] == body["id"]


def test_the_result_holds_what_the_platforms_does(client: OrgClient) -> None:
    result = client.deploy(CLASS)
    assert result["status"] == "Succeeded"
    assert result["done"] is True
    assert result["success"] is True
    assert result["createdBy"] == client.org.admin_id[:15]
    assert result["createdByName"] == "User User"
    assert result["completedDate"].endswith("Z")
    assert result["numberComponentsTotal"] == result["numberComponentsDeployed"] == 1
    assert result["numberComponentErrors"] == 0
    assert result["errorMessage"] is None
    manifest, component = result["details"]["componentSuccesses"]
    assert manifest["fullName"] == manifest["fileName"] == "package.xml"
    assert manifest["componentType"] == ""
    assert component["componentType"] == "ApexClass"
    assert component["fileName"] == "classes/A.cls"
    assert component["id"].startswith("01p")
    assert component["created"] is component["changed"] is True
    assert result["details"]["runTestResult"]["numTestsRun"] == 0


def test_without_details_there_are_none(client: OrgClient) -> None:
    deploy_id = client.start_deploy(CLASS)["id"]
    answer = client.call("GET", f"{DEPLOY}/{deploy_id}").json()
    assert answer["deployResult"]["details"] is None
    assert answer["id"] == deploy_id
    assert deploy_id in answer["url"]


def test_a_redeploy_of_the_same_is_no_change(client: OrgClient) -> None:
    client.deploy(CLASS)
    again = client.deploy(CLASS)["details"]["componentSuccesses"][1]
    assert (again["created"], again["changed"]) == (False, False)
    changed = client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { Id i; }")))
    component = changed["details"]["componentSuccesses"][1]
    assert (component["created"], component["changed"]) == (False, True)
    assert component["id"] == again["id"]


def test_a_deploy_passes_through_its_states(slow: OrgClient) -> None:
    deploy_id = slow.start_deploy(CLASS)["id"]
    seen: list[dict[str, Any]] = []
    for _ in range(5):
        seen.append(slow.deploy_status(deploy_id))
        slow.world.clock.advance(11)
    statuses = [one["status"] for one in seen]
    assert statuses == ["Pending", "InProgress", "Finalizing", "Succeeded", "Succeeded"]
    assert [one["done"] for one in seen] == [False, False, False, True, True]
    assert seen[0]["numberComponentsTotal"] == 0
    assert seen[1]["numberComponentsTotal"] == 1
    assert seen[1]["completedDate"] is None
    assert seen[1]["details"]["componentSuccesses"] == []


def test_nothing_is_changed_before_its_time(slow: OrgClient) -> None:
    field = object_part(custom_field("Ext__c"))
    zip_bytes = package({"CustomField": "Account.Ext__c"}, {"objects/Account.object": field})
    deploy_id = slow.start_deploy(zip_bytes)["id"]
    slow.world.clock.advance(29)
    slow.deploy_status(deploy_id)
    assert slow.org.store.types["Account"].find_field("Ext__c") is None
    slow.world.clock.advance(2)
    slow.deploy_status(deploy_id)
    assert slow.org.store.types["Account"].find_field("Ext__c") is not None


def test_a_second_deploy_waits_for_the_first(slow: OrgClient) -> None:
    first, second = (slow.start_deploy(CLASS)["id"] for _ in range(2))
    slow.world.clock.advance(29)
    assert slow.deploy_status(second)["status"] == "Pending"
    slow.world.clock.advance(2)
    assert slow.deploy_status(second)["status"] == "Pending"  # begins only now
    slow.world.clock.advance(11)
    assert slow.deploy_status(second)["status"] == "InProgress"
    assert slow.deploy_status(first)["status"] == "InProgress"  # one state per poll


def test_a_waiting_deploy_is_cancelled_at_once(slow: OrgClient) -> None:
    _, second = (slow.start_deploy(CLASS)["id"] for _ in range(2))
    body = {"deployResult": {"status": "Canceling"}}
    reply = slow.call("PATCH", f"{DEPLOY}/{second}", json=body)
    assert reply.status_code == 202
    assert reply.json()["deployResult"]["status"] == "Canceled"


def test_a_running_deploy_that_is_cancelled_changes_nothing(slow: OrgClient) -> None:
    deploy_id = slow.start_deploy(CLASS)["id"]
    slow.world.clock.advance(11)
    slow.deploy_status(deploy_id)
    body = {"deployResult": {"status": "Canceling"}}
    assert slow.call("PATCH", f"{DEPLOY}/{deploy_id}", json=body).status_code == 202
    assert slow.deploy_status(deploy_id)["status"] == "Canceling"
    for _ in range(3):
        slow.world.clock.advance(11)
        result = slow.deploy_status(deploy_id)
    assert result["status"] == "Canceled"
    assert result["canceledBy"] == slow.org.admin_id
    assert result["success"] is False
    assert ("ApexClass", "a") not in slow.org.components
    assert slow.org.setup_lock.owner is None


def test_a_finished_deploy_cannot_be_cancelled(client: OrgClient) -> None:
    deploy_id = client.start_deploy(CLASS)["id"]
    body = {"deployResult": {"status": "Canceling"}}
    reply = client.call("PATCH", f"{DEPLOY}/{deploy_id}", json=body)
    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "INVALID_ID_FIELD"


def test_an_unknown_deploy_is_not_found(client: OrgClient) -> None:
    reply = client.call("GET", f"{DEPLOY}/0Af000000000001AAA")
    assert reply.status_code == 404
    assert reply.json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_a_deploy_without_zip_or_options_is_refused(client: OrgClient) -> None:
    options = (None, json.dumps({"deployOptions": OPTIONS}), "application/json")
    no_zip = client.call("POST", DEPLOY, files={"json": options})
    assert no_zip.status_code == 400
    assert "file" in no_zip.json()[0]["message"]
    zip_part = ("x.zip", CLASS, "application/zip")
    no_options = client.call("POST", DEPLOY, files={"file": zip_part})
    assert no_options.status_code == 400
    assert no_options.json()[0]["message"] == "Required input is missing: deployOptions"
    wrong = (None, '{"deployOptions": {"checkOnly": "perhaps"}}', "application/json")
    bad = client.call("POST", DEPLOY, files={"json": wrong, "file": zip_part})
    assert bad.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert "checkOnly" in bad.json()[0]["message"]
    assert client.call("POST", DEPLOY, data=b"zip").status_code == 415


def test_failures_say_file_name_and_place(client: OrgClient) -> None:
    files = {
        **apex("Bad", "public class Bad {\n  void f() {\n    Integer i = 1\n  }\n}"),
        "objects/Thing__c.object": custom_object(label=""),
    }
    result = client.deploy(package({"ApexClass": "Bad", "CustomObject": "Thing__c"}, files))
    assert result["status"] == "Failed"
    assert result["success"] is False
    assert result["numberComponentErrors"] == 2
    assert failures(result) == [
        (
            "objects/Thing__c.object",
            "Thing__c",
            "Must specify a non-empty label for the CustomObject",
        ),
        ("classes/Bad.cls", "Bad", "Missing ';' at '}'"),
    ]
    apex_failure = result["details"]["componentFailures"][1]
    assert (apex_failure["lineNumber"], apex_failure["columnNumber"]) == (4, 3)
    assert apex_failure["problemType"] == "Error"
    assert apex_failure["success"] is False


def test_an_error_rolls_everything_back(client: OrgClient) -> None:
    files = {
        **apex("Bad", "public class Bad {"),
        "objects/Account.object": object_part(custom_field("Ext__c")),
    }
    zip_bytes = package({"ApexClass": "Bad", "CustomField": "Account.Ext__c"}, files)
    result = client.deploy(zip_bytes)
    assert result["status"] == "Failed"
    assert successes(result) == ["Account.Ext__c"]
    assert client.org.store.types["Account"].find_field("Ext__c") is None
    assert client.org.components == {}


def test_without_rollback_what_succeeds_stays(client: OrgClient) -> None:
    files = {
        **apex("Bad", "public class Bad {"),
        "objects/Account.object": object_part(custom_field("Ext__c")),
    }
    zip_bytes = package({"ApexClass": "Bad", "CustomField": "Account.Ext__c"}, files)
    result = client.deploy(zip_bytes, rollbackOnError=False)
    assert result["status"] == "SucceededPartial"
    assert result["success"] is True
    assert client.org.store.types["Account"].find_field("Ext__c") is not None


def test_check_only_changes_nothing(client: OrgClient) -> None:
    result = client.deploy(CLASS, checkOnly=True)
    assert result["status"] == "Succeeded"
    assert result["checkOnly"] is True
    assert client.org.components == {}
    assert client.query("SELECT Id FROM ApexClass") == []


def test_specified_tests_must_be_there(client: OrgClient) -> None:
    body = "@IsTest\nprivate class ATest { @IsTest static void works() { } }"
    zip_bytes = package({"ApexClass": "ATest"}, apex("ATest", body))
    level: dict[str, Any] = {"testLevel": "RunSpecifiedTests"}
    passed = client.deploy(zip_bytes, runTests=["ATest"], **level)
    assert passed["numberTestsCompleted"] == 1
    assert passed["details"]["runTestResult"]["successes"][0]["methodName"] == "works"
    failed = client.deploy(zip_bytes, runTests=["Nobody"], **level)
    assert failed["status"] == "Failed"
    assert "Nobody" in failed["details"]["runTestResult"]["failures"][0]["message"]

"""A validation, and its deploy without tests: by REST in two forms, and by SOAP."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.metadata.builders import apex, package, package_xml
from tests.emulator.metadata.conftest import API, OrgClient
from tests.emulator.metadata.test_deploy_soap import soap, status_body, value

DEPLOY = f"{API}/metadata/deployRequest"
TEST = apex("A", "@isTest class A { @isTest static void works() { } }")
ZIP = package({"ApexClass": "A"}, TEST)


def validated(client: OrgClient, **options: Any) -> str:
    """The id of a deploy that only checks, with the tests."""
    started = client.start_deploy(ZIP, checkOnly=True, testLevel="RunLocalTests", **options)
    assert client.deploy_status(started["id"])["status"] == "Succeeded"
    return str(started["id"])


def classes(client: OrgClient) -> int:
    return len(client.query("SELECT Id FROM ApexClass"))


def quick(client: OrgClient, validation_id: str, path: str = DEPLOY) -> requests.Response:
    return client.call("POST", path, json={"validatedDeployRequestId": validation_id})


@pytest.mark.parametrize("path", [DEPLOY, f"{DEPLOY}/validatedDeployRequestId"])
@pytest.mark.parametrize("length", [15, 18])
def test_a_validation_is_deployed_without_its_tests(
    client: OrgClient, path: str, length: int
) -> None:
    validation_id = validated(client)
    assert classes(client) == 0
    reply = quick(client, validation_id[:length], path)
    body = reply.json()
    assert (reply.status_code, body["validatedDeployRequestId"]) == (201, validation_id)
    assert body["id"] != validation_id
    assert body["url"].endswith(f"/metadata/deployRequest/{body['id']}")
    result = client.deploy_status(body["id"])
    assert (result["status"], result["checkOnly"]) == ("Succeeded", False)
    assert (result["numberComponentsDeployed"], result["numberTestsTotal"]) == (1, 0)
    assert classes(client) == 1


def test_a_validation_is_deployed_by_soap(client: OrgClient) -> None:
    body = (
        f"<deployRecentValidation><validationId>{validated(client)}</validationId>"
        "</deployRecentValidation>"
    )
    deploy_id = value(soap(client, body), "result")
    assert value(soap(client, status_body(deploy_id)), "status") == "Succeeded"
    assert classes(client) == 1


def test_what_was_not_validated_does_not_qualify(client: OrgClient) -> None:
    failing = package({"ApexClass": "B"}, apex("B", "class B {"))
    options = {"checkOnly": True, "testLevel": "RunLocalTests"}
    without_tests = client.start_deploy(ZIP, checkOnly=True)["id"]
    failed = client.start_deploy(failing, **options)["id"]
    deployed = client.start_deploy(ZIP, testLevel="RunLocalTests")["id"]
    unknown = "0Af000000000001AAA"
    for one in (without_tests, failed, deployed, unknown, ""):
        reply = quick(client, one)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, "INVALID_ID_FIELD")
    fault = soap(
        client,
        f"<deployRecentValidation><validationId>{unknown}</validationId></deployRecentValidation>",
    )
    assert (fault.status_code, value(fault, "faultcode")) == (500, "sf:INVALID_ID_FIELD")


def test_a_validation_ends_with_the_next_deploy(client: OrgClient) -> None:
    validation_id = validated(client)
    assert quick(client, validation_id).status_code == 201
    assert quick(client, validation_id).status_code == 404
    again = validated(client)
    client.deploy(package({"ApexClass": "B"}, apex("B", "class B { }")))
    assert quick(client, again).status_code == 404


@pytest.mark.parametrize(("seconds", "status"), [(-60, 201), (60, 404)])
def test_a_validation_ends_after_ten_days(client: OrgClient, seconds: int, status: int) -> None:
    client.org.expires = None
    validation_id = validated(client)
    client.world.clock.advance(10 * 24 * 3600 + seconds)
    token = client.world.sessions.open(client.org, client.org.admin_id, "tests").token
    client.http.headers["Authorization"] = f"Bearer {token}"
    assert quick(client, validation_id).status_code == status


def test_a_validation_of_deletions_is_deployed(client: OrgClient) -> None:
    client.deploy(ZIP)
    zip_bytes = package({}, {"destructiveChanges.xml": package_xml({"ApexClass": "A"})})
    options = {"checkOnly": True, "testLevel": "RunLocalTests"}
    validation_id = client.start_deploy(zip_bytes, **options)["id"]
    assert classes(client) == 1
    assert quick(client, validation_id).status_code == 201
    assert classes(client) == 0


def test_deploys_are_records(client: OrgClient) -> None:
    validated(client)
    client.deploy(package({"ApexClass": "B"}, apex("B", "class B {")))
    soql = (
        "SELECT Id, Status, CheckOnly, StartDate, CompletedDate, CreatedBy.Name, TestLevel, "
        "NumberComponentErrors FROM DeployRequest ORDER BY Id"
    )
    first, second = client.query(soql, tooling=True)
    assert (first["Status"], first["CheckOnly"], first["TestLevel"]) == (
        "Succeeded",
        True,
        "RunLocalTests",
    )
    assert first["StartDate"] <= first["CompletedDate"]
    assert (second["Status"], second["NumberComponentErrors"]) == ("Failed", 1)
    assert second["CreatedBy"]["Name"] == "User User"
    only = client.query("SELECT Id FROM DeployRequest WHERE CheckOnly = true", tooling=True)
    assert [one["Id"] for one in only] == [first["Id"]]
    path = f"{API}/tooling/sobjects/DeployRequest/{first['Id']}"
    assert client.call("DELETE", path).status_code == 400


def test_the_status_of_a_retrieve_and_a_deploy_as_cumulusci_asks_for_it(slow: OrgClient) -> None:
    deploy_id = slow.start_deploy(ZIP)["id"]
    body = f"<checkStatus><asyncProcessId>{deploy_id}</asyncProcessId></checkStatus>"
    assert value(soap(slow, body), "done") == "false"
    slow.world.clock.advance(60)
    answers = [value(soap(slow, body), "done") for _ in range(4)]
    assert answers[-1] == "true"
    unknown = "<checkStatus><asyncProcessId>09S000000000001AAA</asyncProcessId></checkStatus>"
    assert value(soap(slow, unknown), "faultcode") == "sf:INVALID_CROSS_REFERENCE_KEY"

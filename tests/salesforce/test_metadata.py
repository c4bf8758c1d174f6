"""The state of a deploy, read from the answer of the REST API."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.salesforce.deploy_body import DeployBody, deploy_body
from provisioner.salesforce.metadata import DeployStatus, deploy_status, start_deploy
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import Answer, ScriptedServer
from tests.salesforce.test_org import scripted


def status_of(server: ScriptedServer, transport: Transport, **result: Any) -> DeployStatus:
    server.plays(Answer(200, {"id": "0Af000000000001AAA", "deployResult": result}))
    return deploy_status(scripted(server, transport), "0Af000000000001AAA")


def test_a_package_is_sent_as_two_parts(server: ScriptedServer, transport: Transport) -> None:
    server.plays(Answer(201, {"id": "0Af000000000001AAA", "deployResult": {"status": "Pending"}}))
    body = deploy_body(b"PK zip", {"testLevel": "NoTestRun"})
    status = start_deploy(scripted(server, transport), body)
    assert (status.id, status.is_done) == ("0Af000000000001AAA", False)
    (seen,) = server.seen
    assert seen.path == "/services/data/v68.0/metadata/deployRequest"
    kind, _, boundary = seen.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    first, second = seen.body.split(f"--{boundary}".encode())[1:3]
    assert b'name="json"\r\nContent-Type: application/json\r\n\r\n{"deployOptions": {' in first
    assert b'"rollbackOnError": true' in first
    assert b'"singlePackage": true' in first
    assert b'"testLevel": "NoTestRun"' in first
    assert second.startswith(
        b'\r\nContent-Disposition: form-data; name="file"; filename="package.zip"\r\n'
        b"Content-Type: application/zip\r\n\r\nPK zip"
    )


def test_what_is_under_way_is_asked_without_details(
    server: ScriptedServer, transport: Transport
) -> None:
    status = status_of(server, transport, status="Finalizing", done=False)
    assert (status.status, status.is_done) == ("Finalizing", False)
    assert [seen.path for seen in server.seen] == [
        "/services/data/v68.0/metadata/deployRequest/0Af000000000001AAA"
    ]


def test_a_success_needs_no_details(server: ScriptedServer, transport: Transport) -> None:
    status = status_of(
        server, transport, status="Succeeded", done="true", success="true",
        numberComponentsDeployed="12",
    )  # fmt: skip
    assert (status.is_done, status.is_success, status.deployed) == (True, True, 12)
    assert len(server.seen) == 1


def test_each_failure_is_a_line_with_its_place(
    server: ScriptedServer, transport: Transport
) -> None:
    failures = [
        {
            "fileName": "classes/A.cls", "lineNumber": 3, "columnNumber": 9, "fullName": "A",
            "componentType": "ApexClass", "problem": "Unexpected token", "problemType": "Error",
        },
        {"fileName": "", "fullName": "B__c", "problem": "not in zip", "componentType": ""},
        {"fileName": "x/C.x", "problem": "odd", "problemType": "Warning", "fullName": "C"},
    ]  # fmt: skip
    tests = {
        "failures": [{"name": "T", "methodName": "m", "message": "Assertion Failed"}],
        "codeCoverageWarnings": {"name": None, "message": "Average is 12%"},
    }
    status = status_of(
        server, transport, status="Failed", done=True, success=False,
        errorStatusCode="UNKNOWN_EXCEPTION", errorMessage="gack",
        details={"componentFailures": failures, "runTestResult": tests},
    )  # fmt: skip
    assert status.failures == (
        "classes/A.cls:3:9: Unexpected token (ApexClass A)",
        "package.xml: not in zip (B__c)",
        "x/C.x: warning: odd (C)",
        "T.m: Assertion Failed",
        "coverage: Average is 12%",
    )
    assert status.error == "UNKNOWN_EXCEPTION: gack"
    assert server.seen[1].path.endswith("/0Af000000000001AAA?includeDetails=true")


def test_a_single_failure_may_come_without_its_list(
    server: ScriptedServer, transport: Transport
) -> None:
    failure = {"fileName": "a", "problem": "odd", "fullName": "A"}
    status = status_of(server, transport, status="Failed", details={"componentFailures": failure})
    assert status.failures == ("a: odd (A)",)


@pytest.mark.parametrize(
    ("size", "wait"), [(10, 1.0), (1_500_000, 2.0), (6_000_000, 5.0), (16_000_000, 10.0)]
)
def test_large_packages_are_polled_later(size: int, wait: float) -> None:
    assert DeployBody(b"x" * size, "").first_wait == wait


def test_a_body_is_not_shown() -> None:
    assert "secret" not in repr(deploy_body(b"secret"))

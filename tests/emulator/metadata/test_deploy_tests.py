"""The Apex tests of a deploy: what a test level selects, contradictions, and warnings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.emulator.metadata.state import StoredComponent
from tests.emulator.metadata.builders import package
from tests.emulator.metadata.conftest import API, OPTIONS, OrgClient
from tests.emulator.metadata.test_apex_test_runs import CLASSES, META, deployed


@pytest.fixture
def tested(client: OrgClient) -> OrgClient:
    """An org with two test classes, one class that a test names, and one that none names."""
    org = deployed(client)
    managed = StoredComponent(
        "ApexClass", "ManagedTest", "", "01p000000000099AAA", "", "", "", "",
        body="@IsTest class ManagedTest { @IsTest static void works() { } }", namespace="ns",
    )  # fmt: skip
    org.org.components["ApexClass", "ns__managedtest"] = managed
    return org


def result(client: OrgClient, *names: str, **options: Any) -> dict[str, Any]:
    """The result of a deploy of these classes."""
    files: dict[str, str | bytes] = {}
    for name in names:
        files |= {f"classes/{name}.cls": CLASSES[name], f"classes/{name}.cls-meta.xml": META}
    return client.deploy(package({"ApexClass": " ".join(names)}, files), **options)


def ran(found: dict[str, Any]) -> set[str]:
    return {one["name"] for one in found["details"]["runTestResult"]["successes"]}


@pytest.mark.parametrize(
    ("deployed_class", "options", "classes"),
    [
        ("Unused", {}, set()),
        ("Unused", {"testLevel": "NoTestRun"}, set()),
        ("Unused", {"testLevel": "RunLocalTests"}, {"PricesTest", "OtherTest"}),
        (
            "Unused",
            {"testLevel": "RunAllTestsInOrg"},
            {"PricesTest", "OtherTest", "ManagedTest"},
        ),
        ("Unused", {"testLevel": "RunRelevantTests"}, set()),
        ("Prices", {"testLevel": "RunRelevantTests"}, {"PricesTest"}),
        ("OtherTest", {"testLevel": "RunRelevantTests"}, {"OtherTest"}),
        (
            "Unused",
            {"testLevel": "RunSpecifiedTests", "runTests": ["othertest", "ns.ManagedTest"]},
            {"OtherTest", "ManagedTest"},
        ),
    ],
)
def test_the_level_selects_the_tests(
    tested: OrgClient, deployed_class: str, options: dict[str, Any], classes: set[str]
) -> None:
    assert ran(result(tested, deployed_class, **options)) == classes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runTests": ["A"]}, "runTests can only be used with a testLevel of RunSpecifiedTests"),
        (
            {"runTests": ["A"], "testLevel": "RunLocalTests"},
            "runTests can only be used with a testLevel of RunSpecifiedTests",
        ),
        (
            {"testLevel": "RunSpecifiedTests"},
            "runTests must not be empty when a testLevel of RunSpecifiedTests is used",
        ),
    ],
)
def test_tests_that_contradict_their_level_are_refused(
    client: OrgClient, options: dict[str, Any], message: str
) -> None:
    sent = json.dumps({"deployOptions": OPTIONS | options})
    files = {"json": (None, sent, "application/json"), "file": ("a.zip", b"", "application/zip")}
    reply = client.call("POST", f"{API}/metadata/deployRequest", files=files)
    assert reply.status_code == 400
    assert reply.json() == [{"message": message, "errorCode": "INVALID_OPERATION"}]
    assert client.org.deployments == {}


def warnings(found: dict[str, Any]) -> list[tuple[Any, str]]:
    listed = found["details"]["runTestResult"]["codeCoverageWarnings"]
    return [(one["name"], one["message"]) for one in listed]


def test_too_little_coverage_is_a_warning(tested: OrgClient) -> None:
    found = result(tested, "Unused", testLevel="RunLocalTests")
    assert found["status"] == "Succeeded"
    (warning,) = warnings(found)
    assert warning[0] is None
    assert warning[1].startswith("Average test coverage across all Apex Classes and Triggers is ")
    assert warning[1].endswith("%, at least 75% test coverage is required.")


def test_specified_tests_must_cover_each_class_of_the_package(tested: OrgClient) -> None:
    options = {"testLevel": "RunSpecifiedTests", "runTests": ["PricesTest"]}
    assert warnings(result(tested, "Unused", "Prices", **options)) == [
        (
            "Unused",
            "Test coverage of selected Apex Class is 0%, at least 75% test coverage is required",
        )
    ]


@pytest.mark.parametrize("ignores", [True, False])
def test_a_warning_about_a_component_fails_a_deploy_that_does_not_ignore_it(
    client: OrgClient, ignores: bool
) -> None:
    when = {"operation": "component_warning", "subject": "ApexClass Unused"}
    client.world.faults.add({"when": when, "then": {"do": "error", "message": "old"}})
    found = result(client, "Unused", ignoreWarnings=ignores)
    assert found["success"] is ignores
    listed = found["details"]["componentSuccesses" if ignores else "componentFailures"]
    (shown,) = [one for one in listed if one["fullName"] == "Unused"]
    assert (shown["problem"], shown["problemType"], shown["success"]) == ("old", "Warning", ignores)
    assert bool(client.org.components) is ignores

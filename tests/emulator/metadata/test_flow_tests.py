"""Tests of flows are run with those of classes, as `sf logic run test` asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import XMLNS, Files, package
from tests.emulator.metadata.conftest import API, OrgClient, failures
from tests.emulator.metadata.test_apex_test_runs import META, OTHER_TEST, start

FLOW = f"<Flow {XMLNS}><label>Greet</label><processType>AutoLaunchedFlow</processType></Flow>"
FLOW_TEST = f"<FlowTest {XMLNS}><flowApiName>Greet</flowApiName><label>Test</label></FlowTest>"
FILES: Files = {
    "classes/OtherTest.cls": OTHER_TEST,
    "classes/OtherTest.cls-meta.xml": META,
    "flows/Greet.flow": FLOW,
    "flowtests/Says_hello.flowtest": FLOW_TEST,
    "flowtests/Says_bye.flowtest": FLOW_TEST,
}
MEMBERS = {"ApexClass": "OtherTest", "Flow": "Greet", "FlowTest": "Says_hello Says_bye"}
RESULTS = (
    "SELECT Result, Error, FlowTest.DeveloperName, FlowDefinition.DeveloperName, "
    "FlowDefinition.NamespacePrefix, TestStartDateTime FROM FlowTestResult "
    "WHERE ApexTestQueueItemId IN ('{0}')"
)
LOCAL = {"testLevel": "RunLocalTests"}


@pytest.fixture
def tested(client: OrgClient) -> OrgClient:
    """An org with a test class, and a flow with two tests."""
    assert failures(client.deploy(package(MEMBERS, FILES))) == []
    return client


def ran(client: OrgClient, body: Any) -> set[str]:
    """The tests of a run: methods of classes, tests of flows."""
    job = start(client, body)
    soql = f"SELECT Id, ApexClassId FROM ApexTestQueueItem WHERE ParentJobId = '{job}'"
    items = client.query(soql, tooling=True)
    methods = client.query(
        f"SELECT MethodName FROM ApexTestResult WHERE AsyncApexJobId = '{job}'", tooling=True
    )
    flows = [one["Id"] for one in items if one["ApexClassId"] is None]
    results = client.query(RESULTS.format("','".join(flows)), tooling=True) if flows else []
    assert all(one["Result"] == "Pass" for one in results)
    names = {f"{one['FlowDefinition']['DeveloperName']}.{one['FlowTest']['DeveloperName']}"
             for one in results}  # fmt: skip
    return names | {one["MethodName"] for one in methods}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (LOCAL, {"works", "Greet.Says_hello", "Greet.Says_bye"}),
        (LOCAL | {"category": ["Apex"]}, {"works"}),
        (LOCAL | {"category": ["Flow"]}, {"Greet.Says_hello", "Greet.Says_bye"}),
        ({"tests": [{"className": "FlowTesting.Greet"}, {"className": "OtherTest"}]},
         {"works", "Greet.Says_hello", "Greet.Says_bye"}),
        ({"tests": [{"className": "FlowTesting.Greet", "testMethods": ["Says_bye"]}]},
         {"Greet.Says_bye"}),
    ],
)  # fmt: skip
def test_what_a_run_takes(tested: OrgClient, body: Any, names: set[str]) -> None:
    assert ran(tested, body) == names


def test_before_version_65_a_run_takes_no_flows(tested: OrgClient) -> None:
    path = "/services/data/v64.0/tooling/runTestsAsynchronous"
    job = tested.call("POST", path, json=LOCAL).json()
    items = tested.query(
        f"SELECT ApexClassId FROM ApexTestQueueItem WHERE ParentJobId = '{job}'", tooling=True
    )
    assert [one["ApexClassId"] is None for one in items] == [False]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"tests": [{"className": "FlowTesting.Nothing"}]}, "FlowTesting.Nothing"),
        ({"tests": [{"className": "FlowTesting.Greet", "testMethods": ["No"]}]}, "No"),
        (LOCAL | {"category": ["Agent"]}, "agent"),
    ],
)
def test_unknown_names_are_refused(tested: OrgClient, body: Any, text: str) -> None:
    reply = tested.call("POST", f"{API}/tooling/runTestsAsynchronous", json=body)
    assert reply.status_code == 403
    assert reply.json()[0]["errorCode"] == "INVALID_INPUT"
    assert text in reply.json()[0]["message"]


def test_a_synchronous_run_of_flows_is_not_emulated(tested: OrgClient) -> None:
    body = LOCAL | {"category": ["Flow"]}
    assert tested.call("POST", f"{API}/tooling/runTestsSynchronous", json=body).status_code == 501
    body = LOCAL | {"category": ["Apex"]}
    reply = tested.call("POST", f"{API}/tooling/runTestsSynchronous", json=body)
    assert (reply.status_code, reply.json()["numTestsRun"]) == (200, 1)


def test_a_fault_lets_the_test_of_a_flow_fail(tested: OrgClient) -> None:
    tested.world.faults.add(
        {"when": {"operation": "apex_test", "subject": "FlowTesting.Greet.Says_bye"},
         "then": {"do": "error", "message": "not polite"}}
    )  # fmt: skip
    job = start(tested, LOCAL | {"category": ["Flow"]})
    run = f"SELECT Id FROM ApexTestQueueItem WHERE ParentJobId = '{job}'"
    (item,) = tested.query(run, tooling=True)
    rows = tested.query(RESULTS.format(item["Id"]), tooling=True)
    outcomes = {one["FlowTest"]["DeveloperName"]: (one["Result"], one["Error"]) for one in rows}
    assert outcomes == {"Says_hello": ("Pass", None), "Says_bye": ("Fail", "not polite")}

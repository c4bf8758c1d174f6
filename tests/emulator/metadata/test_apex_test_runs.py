"""Runs of Apex tests: what is selected, its states over time, results, coverage, failures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.metadata.builders import XMLNS, package
from tests.emulator.metadata.conftest import API, OrgClient

META = f"<ApexClass {XMLNS}><apiVersion>66.0</apiVersion></ApexClass>"
TRIGGER_META = f"<ApexTrigger {XMLNS}><apiVersion>66.0</apiVersion></ApexTrigger>"
PRICES = """public class Prices {
    public static Integer net(Integer gross) {
        Integer tax = 2;
        return gross - tax;
    }
}"""
UNUSED = "public class Unused {\n void go() {\n Integer a = 1;\n Integer b = 1;\n }\n}"
PRICES_TEST = """@IsTest
private class PricesTest {
    @IsTest static void isLower() { System.assertEquals(1, Prices.net(3)); }
    @IsTest static void isZero() { System.assertEquals(0, Prices.net(2)); }
}"""
OTHER_TEST = "@IsTest class OtherTest { @IsTest static void works() { insert new Account(); } }"
TRIGGER = "trigger Accounts on Account (before insert) {\n  Integer i = 1;\n}"
SUITE = f"<ApexTestSuite {XMLNS}><testClassName>PricesTest</testClassName></ApexTestSuite>"
CLASSES = {"Prices": PRICES, "Unused": UNUSED, "PricesTest": PRICES_TEST, "OtherTest": OTHER_TEST}


@pytest.fixture
def tested(client: OrgClient) -> OrgClient:
    """An org with two test classes, where the first poll of a run sees its end."""
    return deployed(client)


def deployed(client: OrgClient) -> OrgClient:
    """Deploy the classes, the trigger and the suite."""
    files: dict[str, str | bytes] = {
        "triggers/Accounts.trigger": TRIGGER,
        "triggers/Accounts.trigger-meta.xml": TRIGGER_META,
        "testSuites/Smoke.testSuite": SUITE,
    }
    for name, body in CLASSES.items():
        files |= {f"classes/{name}.cls": body, f"classes/{name}.cls-meta.xml": META}
    members = {"ApexClass": " ".join(CLASSES), "ApexTrigger": "Accounts", "ApexTestSuite": "Smoke"}
    started = client.start_deploy(package(members, files))
    client.world.clock.advance(1000)
    for _ in range(4):
        result = client.deploy_status(started["id"])
        client.world.clock.advance(1000)
    assert result["status"] == "Succeeded", result
    return client


def start(client: OrgClient, body: Any) -> str:
    """The id of the job of a run."""
    reply = client.call("POST", f"{API}/tooling/runTestsAsynchronous", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"
    return str(reply.json())


def items(client: OrgClient, job: str) -> dict[str, str]:
    """Class → status of its item; this is a poll of each."""
    rows = client.query(
        "SELECT Id, Status, ApexClass.Name, ParentJobId FROM ApexTestQueueItem "
        f"WHERE ParentJobId = '{job}'",
        tooling=True,
    )
    return {row["ApexClass"]["Name"]: row["Status"] for row in rows}


def ran(client: OrgClient, body: Any) -> set[str]:
    """`Class.method` of all tests that a run ran."""
    job = start(client, body)
    items(client, job)
    rows = client.query(
        f"SELECT ApexClass.Name, MethodName FROM ApexTestResult WHERE AsyncApexJobId = '{job}'",
        tooling=True,
    )
    return {f"{row['ApexClass']['Name']}.{row['MethodName']}" for row in rows}


def class_id(client: OrgClient, name: str) -> str:
    rows = client.query(f"SELECT Id FROM ApexClass WHERE Name = '{name}'", tooling=True)
    return str(rows[0]["Id"])


def test_a_run_is_queued_then_runs_then_is_over(slow: OrgClient) -> None:
    """Each poll sees at most one change, and the job has an id of 15 characters."""
    slow.world.latencies.override({"apex_tests": 10})
    job = start(deployed(slow), {"testLevel": "RunLocalTests"})
    assert len(job) == 15
    assert job.startswith("707")
    run = (
        "SELECT Status, ClassesCompleted, ClassesEnqueued, MethodsEnqueued, MethodsCompleted, "
        "StartTime, EndTime, TestTime, UserId FROM ApexTestRunResult "
        f"WHERE AsyncApexJobId = '{job}'"
    )
    for status in ("Queued", "Processing", "Completed"):
        assert items(slow, job) == {"PricesTest": status, "OtherTest": status}
        assert slow.query(run, tooling=True)[0]["Status"] == status
        slow.world.clock.advance(11)
    row = slow.query(run)[0]
    assert (row["ClassesCompleted"], row["MethodsEnqueued"], row["MethodsCompleted"]) == (2, 3, 3)
    assert row["EndTime"] is not None
    assert row["UserId"] == slow.org.admin_id
    found = slow.query(f"SELECT Status, JobType FROM AsyncApexJob WHERE Id = '{job}'")[0]
    assert (found["Status"], found["JobType"]) == ("Completed", "TestRequest")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"classNames": "PricesTest"}, "PricesTest.isLower PricesTest.isZero"),
        ({"classnames": "othertest, PricesTest"},
         "OtherTest.works PricesTest.isLower PricesTest.isZero"),
        ({"suiteNames": "Smoke"}, "PricesTest.isLower PricesTest.isZero"),
        ({"tests": [{"className": "PricesTest", "testMethods": ["iszero"]}]}, "PricesTest.isZero"),
        ([{"className": "OtherTest"}], "OtherTest.works"),
        ({"suiteNames": None, "testLevel": "RunLocalTests", "skipCodeCoverage": True},
         "OtherTest.works PricesTest.isLower PricesTest.isZero"),
    ],
)  # fmt: skip
def test_tests_are_selected_by(tested: OrgClient, body: Any, expected: str) -> None:
    assert ran(tested, body) == set(expected.split())


def test_tests_are_selected_by_the_ids_of_classes_and_suites(tested: OrgClient) -> None:
    """CumulusCI writes `classids` in lower case, and the ids of one text."""
    ids = ",".join(class_id(tested, name) for name in ("PricesTest", "OtherTest"))
    everything = {"OtherTest.works", "PricesTest.isLower", "PricesTest.isZero"}
    assert ran(tested, {"classids": ids}) == everything
    suite = tested.query("SELECT Id FROM ApexTestSuite", tooling=True)[0]["Id"]
    assert ran(tested, {"suiteids": suite}) == {"PricesTest.isLower", "PricesTest.isZero"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"classNames": "Prices"}, "This class name's value is invalid: Prices. Provide the name "
                                   "of an Apex class that has test methods."),
        ({"classNames": 7}, "This class name's value is invalid: 7."),
        ({"tests": [7]}, "Each test must be an object with classId or className."),
        ({"tests": [{"className": "OtherTest"}, {"className": "OtherTest"}]},
         "Include the class name OtherTest only once."),
        ({"tests": [{"className": "OtherTest", "testMethods": ["nothing"]}]},
         "This test method's value is invalid: nothing."),
        ({"suiteNames": "Nothing"}, "This test suite's value is invalid: Nothing."),
        ({}, "Always provide a classes, suites, tests, or testLevel property."),
        ("a text", "Always provide a classes, suites, tests, or testLevel property."),
    ],
)  # fmt: skip
def test_what_cannot_be_selected_is_refused(tested: OrgClient, body: Any, message: str) -> None:
    for path in ("runTestsAsynchronous", "runTestsSynchronous"):
        reply = tested.call("POST", f"{API}/tooling/{path}", json=body)
        assert reply.status_code == 403
        assert reply.json()[0]["errorCode"] == "INVALID_INPUT"
        assert reply.json()[0]["message"].startswith(message)


def test_a_synchronous_run_answers_with_its_results(tested: OrgClient) -> None:
    body = {"tests": [{"className": "PricesTest"}], "testLevel": "RunSpecifiedTests"}
    result = tested.call("POST", f"{API}/tooling/runTestsSynchronous", json=body).json()
    assert (result["numTestsRun"], result["numFailures"]) == (2, 0)
    found = [(one["name"], one["methodName"], one["id"]) for one in result["successes"]]
    own_id = class_id(tested, "PricesTest")
    assert found == [("PricesTest", "isLower", own_id), ("PricesTest", "isZero", own_id)]
    assert result["failures"] == []
    reply = tested.call("GET", f"{API}/tooling/runTestsSynchronous?classnames=OtherTest")
    assert reply.json()["numTestsRun"] == 1


def test_a_fault_lets_a_test_fail(tested: OrgClient) -> None:
    message = "System.AssertException: Assertion Failed: Expected: 1, Actual: 2"
    tested.world.faults.add(
        {"when": {"operation": "apex_test", "subject": "PricesTest.isZero"},
         "then": {"do": "error", "message": message}, "times": 2}
    )  # fmt: skip
    job = start(tested, {"classNames": "PricesTest"})
    items(tested, job)
    rows = tested.query(
        "SELECT MethodName, Outcome, Message, StackTrace FROM ApexTestResult "
        f"WHERE AsyncApexJobId = '{job}' AND Outcome = 'Fail'",
        tooling=True,
    )
    assert [(row["MethodName"], row["Message"]) for row in rows] == [("isZero", message)]
    assert rows[0]["StackTrace"] == "Class.PricesTest.isZero: line 1, column 1"
    run = tested.query(
        f"SELECT MethodsFailed FROM ApexTestRunResult WHERE AsyncApexJobId = '{job}'"
    )
    assert run[0]["MethodsFailed"] == 1
    reply = tested.call(
        "POST", f"{API}/tooling/runTestsSynchronous", json={"classNames": "PricesTest"}
    )
    failed = reply.json()["failures"]
    assert [(one["methodName"], one["message"], one["type"]) for one in failed] == [
        ("isZero", message, "Class")
    ]


def test_a_fault_lets_the_tests_of_a_deploy_fail(tested: OrgClient) -> None:
    when = {"operation": "apex_test", "subject": "PricesTest.isZero"}
    tested.world.faults.add({"when": when, "then": {"do": "error", "message": "Wrong"}})
    files = {"classes/Unused.cls": CLASSES["Unused"], "classes/Unused.cls-meta.xml": META}
    zipped = package({"ApexClass": "Unused"}, files)
    result = tested.deploy(zipped, testLevel="RunLocalTests")
    assert result["status"] == "Failed"
    run = result["details"]["runTestResult"]
    found = [(one["name"], one["methodName"], one["message"]) for one in run["failures"]]
    assert found == [("PricesTest", "isZero", "Wrong")]
    assert (run["numTestsRun"], run["numFailures"]) == (3, 1)
    assert tested.deploy(zipped, testLevel="RunLocalTests")["status"] == "Succeeded"


def test_each_result_has_its_limits(tested: OrgClient) -> None:
    """The query that CumulusCI sends, with its child relationship."""
    job = start(tested, {"classNames": "OtherTest"})
    items(tested, job)
    rows = tested.query(
        "SELECT Id, ApexClassId, TestTimestamp, Message, MethodName, Outcome, RunTime, StackTrace, "
        "(SELECT Id, Callouts, AsyncCalls, DmlRows, Email, LimitContext, LimitExceptions, "
        "MobilePush, QueryRows, Sosl, Cpu, Dml, Soql FROM ApexTestResults) "
        f"FROM ApexTestResult WHERE AsyncApexJobId='{job}'",
        tooling=True,
    )
    assert [row["Outcome"] for row in rows] == ["Pass"]
    limits = rows[0]["ApexTestResults"]["records"][0]
    assert (limits["LimitContext"], limits["Soql"]) == ("SYNC", 0)


def test_coverage_is_of_the_classes_that_tests_name(tested: OrgClient) -> None:
    org_wide = "SELECT PercentCovered FROM ApexOrgWideCoverage"
    assert tested.query(org_wide, tooling=True)[0]["PercentCovered"] == 0
    ran(tested, {"testLevel": "RunLocalTests"})
    rows = tested.query(
        "SELECT ApexClassOrTrigger.Id, ApexClassOrTrigger.Name, ApexClassOrTriggerId, "
        "NumLinesCovered, NumLinesUncovered, Coverage FROM ApexCodeCoverageAggregate "
        "ORDER BY ApexClassOrTrigger.Name ASC",
        tooling=True,
    )
    found = {row["ApexClassOrTrigger"]["Name"]: row for row in rows}
    assert list(found) == ["Accounts", "Prices", "Unused"]
    assert found["Prices"]["Coverage"] == {"coveredLines": [3, 4], "uncoveredLines": []}
    assert found["Unused"]["Coverage"] == {"coveredLines": [], "uncoveredLines": [3, 4]}
    assert found["Accounts"]["NumLinesCovered"] == 1
    assert found["Prices"]["ApexClassOrTriggerId"] == class_id(tested, "Prices")
    assert tested.query(org_wide, tooling=True)[0]["PercentCovered"] == 60
    own_id = class_id(tested, "PricesTest")
    rows = tested.query(
        "SELECT ApexTestClassId, ApexClassOrTrigger.Name, TestMethodName, Coverage "
        f"FROM ApexCodeCoverage WHERE ApexTestClassId IN ('{own_id}')",
        tooling=True,
    )
    assert {row["TestMethodName"] for row in rows} == {"isLower", "isZero"}
    assert {row["ApexClassOrTrigger"]["Name"] for row in rows} == {"Prices"}


def test_a_run_without_coverage_leaves_none(tested: OrgClient) -> None:
    ran(tested, {"testLevel": "RunLocalTests", "skipCodeCoverage": True})
    assert tested.query("SELECT Id FROM ApexCodeCoverage", tooling=True) == []


def test_an_item_can_be_aborted(slow: OrgClient) -> None:
    slow.world.latencies.override({"apex_tests": 10})
    job = start(deployed(slow), {"classNames": "OtherTest"})
    rows = slow.query("SELECT Id FROM ApexTestQueueItem", tooling=True)
    path = f"{API}/tooling/sobjects/ApexTestQueueItem/{rows[0]['Id']}"
    assert slow.call("PATCH", path, json={"Status": "Aborted"}).status_code == 204
    slow.world.clock.advance(100)
    assert items(slow, job) == {"OtherTest": "Aborted"}
    run = slow.query(f"SELECT Status FROM ApexTestRunResult WHERE AsyncApexJobId = '{job}'")
    assert run[0]["Status"] == "Aborted"
    assert slow.query("SELECT Id FROM ApexTestResult") == []


def test_inserting_an_item_queues_the_tests_of_its_class(tested: OrgClient) -> None:
    reply = tested.create("ApexTestQueueItem", ApexClassId=class_id(tested, "OtherTest"))
    assert reply.status_code == 201, reply.text
    query = f"SELECT ParentJobId FROM ApexTestQueueItem WHERE Id = '{reply.json()['id']}'"
    job = tested.query(query)[0]["ParentJobId"]
    assert items(tested, job) == {"OtherTest": "Completed"}
    refused = tested.create("ApexTestQueueItem", ApexClassId=class_id(tested, "Prices"))
    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"


def test_a_suite_is_built_from_records(tested: OrgClient) -> None:
    """As the CLI builds one; CumulusCI asks for its classes by a semi-join."""
    made = tested.call(
        "POST", f"{API}/tooling/sobjects/ApexTestSuite", json={"TestSuiteName": "Own"}
    )
    assert made.status_code == 201, made.text
    values = {"ApexTestSuiteId": made.json()["id"], "ApexClassId": class_id(tested, "OtherTest")}
    path = f"{API}/tooling/sobjects/TestSuiteMembership"
    assert tested.call("POST", path, json=values).status_code == 201
    names = tested.query(
        "SELECT Id, Name FROM ApexClass WHERE Id IN (SELECT ApexClassId FROM TestSuiteMembership "
        f"WHERE ApexTestSuiteId IN ('{made.json()['id']}'))",
        tooling=True,
    )
    assert [row["Name"] for row in names] == ["OtherTest"]
    assert ran(tested, {"suiteNames": "Own"}) == {"OtherTest.works"}

"""`/tooling/runTestsAsynchronous`, `/tooling/runTestsSynchronous`: Apex tests, counted, not run.

They pass, except where a fault of the operation `apex_test` lets them fail. Code coverage is
estimated: a test covers the classes that it names.

Source: "REST Resources: runTestsAsynchronous, runTestsSynchronous" in the Tooling API reference;
answers that CumulusCI recorded; the calls of forcedotcom/salesforcedx-apex.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.errors import NotEmulatedError
from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata import apex_coverage
from provisioner.emulator.metadata.apex_test_runs import (
    ITEM,
    JOB,
    RUN,
    TestRun,
    enqueue,
    note_log,
    start,
)
from provisioner.emulator.metadata.apex_test_selection import Chosen, choose
from provisioner.emulator.metadata.apex_tests import failure, stack_trace
from provisioner.emulator.objects.records import Record
from provisioner.emulator.objects.rules import Change, on_insert, on_read, on_update
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.routing import Call, Reply, route
from provisioner.emulator.soql.hooks import QueryView, on_query

_TOOLING = "/services/data/v<version>/tooling"
_MILLISECONDS = 10.0  # of one test
_BY_METHOD, _AGGREGATE = "ApexCodeCoverage", "ApexCodeCoverageAggregate"
_ORG_WIDE = "ApexOrgWideCoverage"


@route(f"{_TOOLING}/runTestsAsynchronous", "POST", "GET", name="tooling.runTestsAsynchronous")
def run_later(call: Call) -> Reply:
    """Queue tests; the id of the job, of 15 characters, as a JSON string."""
    body = _asked(call)
    chosen = choose(call.session_org(), body, call.version)
    run = start(
        call.session_org(),
        call.user_id,
        chosen,
        is_all=isinstance(body, dict) and "testLevel" in body and not body.get("tests"),
        has_coverage=not _skips_coverage(body),
    )
    return Reply(f'"{to_15(run.job_id)}"')


@route(f"{_TOOLING}/runTestsSynchronous", "POST", "GET", name="tooling.runTestsSynchronous")
def run_now(call: Call) -> Reply:
    """Run tests; their results."""
    org, body = call.session_org(), _asked(call)
    chosen = choose(org, body, call.version)
    if any(one.is_flow for one in chosen):
        raise NotEmulatedError("flow tests in runTestsSynchronous")
    outcomes = [_outcome(org, one, method) for one in chosen for method in one.methods]
    logs = [note_log(org, call.user_id, one) for one in chosen]
    if not _skips_coverage(body):
        for one in chosen:
            apex_coverage.note_coverage(org, one.test_class, list(one.methods))
    failed = [one for one in outcomes if "message" in one]
    return Reply(
        {
            "apexLogId": logs[-1] if logs else None,
            "codeCoverage": [],
            "codeCoverageWarnings": [],
            "failures": failed,
            "flowCoverage": [],
            "flowCoverageWarnings": [],
            "numFailures": len(failed),
            "numTestsRun": len(outcomes),
            "successes": [one for one in outcomes if "message" not in one],
            "totalTime": _MILLISECONDS * len(outcomes),
        }
    )


def _asked(call: Call) -> Any:
    """The body of a POST, the parameters of a GET."""
    return dict(call.query) if call.method == "GET" else call.json()


def _skips_coverage(body: Any) -> bool:
    value = body.get("skipCodeCoverage") if isinstance(body, dict) else None
    return str(value).lower() == "true"


def _outcome(org: EmulatedOrg, chosen: Chosen, method: str) -> dict[str, Any]:
    """One of `successes`, or with a message, one of `failures`."""
    test_class = chosen.test_class
    result: dict[str, Any] = {
        "id": test_class.id,
        "methodName": method,
        "name": test_class.full_name,
        "namespace": test_class.namespace,
        "seeAllData": False,
        "time": _MILLISECONDS,
    }
    problem = failure(org, test_class.full_name, method)
    if problem is None:
        return result
    trace = stack_trace(test_class.full_name, method)
    more = {"message": problem, "packageName": test_class.full_name, "stackTrace": trace}
    return {**result, **more, "type": "Class"}


@on_read(ITEM)
def _read_item(org: EmulatedOrg, record: Record) -> None:
    run = org.test_runs.get(record["ParentJobId"] or "")
    if isinstance(run, TestRun):
        run.poll(record["Id"])


@on_read(RUN)
@on_read(JOB)
def _read_run(org: EmulatedOrg, record: Record) -> None:
    run = org.test_runs.get(record.get("AsyncApexJobId") or record["Id"])
    if isinstance(run, TestRun):
        run.poll()


@on_insert(ITEM)
def _enqueue(org: EmulatedOrg, change: Change) -> None:
    """A client queues the tests of one class."""
    test_class = choose(org, {"classids": change.record["ApexClassId"]})[0]
    enqueue(org, change.user_id, change.record["Id"], test_class)


@on_update(ITEM)
def _abort(org: EmulatedOrg, change: Change) -> None:
    """A client sets the Status of an item to Aborted."""
    run = org.test_runs.get(change.record["ParentJobId"] or "")
    if isinstance(run, TestRun) and change.record["Status"] == "Aborted":
        run.abort(change.record["Id"])


@on_query(_BY_METHOD)
@on_query(_AGGREGATE)
@on_query(_ORG_WIDE)
def _coverage(org: EmulatedOrg, view: QueryView) -> None:
    """The rows of code coverage, made for each query."""
    if view.type.name == _BY_METHOD:
        rows = apex_coverage.covered_by_methods(org)
    elif view.type.name == _AGGREGATE:
        rows = apex_coverage.aggregated(org)
    else:
        rows = [{"PercentCovered": apex_coverage.percent_covered(org)}]
    with view.store.lock:
        view.store.clear(view.type.name)
        for row in rows:
            view.store.add(view.type.name, row)

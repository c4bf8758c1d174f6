"""Asynchronous runs of Apex tests: one item of the queue for each class, and what they leave.

The tests are counted, not run. All of them pass, except those that a fault lets fail (operation
`apex_test`, `Class.method` as its subject).

Source: "ApexTestQueueItem", "ApexTestResult", "ApexTestRunResult", "ApexTestResultLimits" and
"AsyncApexJob" in the Object Reference; the run that CumulusCI recorded
(ManualEditTestApexIntegrationTests).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata import debug_logs, flow_tests
from provisioner.emulator.metadata.apex_coverage import note_coverage
from provisioner.emulator.metadata.apex_test_selection import Chosen
from provisioner.emulator.metadata.apex_tests import failure, stack_trace
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.clock import Progression
    from provisioner.emulator.org import EmulatedOrg

ITEM, RESULT, RUN, JOB = "ApexTestQueueItem", "ApexTestResult", "ApexTestRunResult", "AsyncApexJob"
_LIMITS, TOPIC = "ApexTestResultLimits", "/systemTopic/TestResult"
_STATES = ("Queued", "Processing", "Completed")
_MILLISECONDS = 10  # of one test
_USED = ("AsyncCalls", "Callouts", "Cpu", "Dml", "DmlRows", "Email", "MobilePush", "QueryRows",
         "Soql", "Sosl")  # fmt: skip


@dataclass(eq=False)
class Item:
    """The tests of one class in a run."""

    id: str
    chosen: Chosen
    progression: Progression
    status: str = _STATES[0]
    failed: int = 0

    @property
    def is_over(self) -> bool:
        """Whether its tests have run, or will not."""
        return self.status in ("Completed", "Aborted")


@dataclass(eq=False)
class TestRun:
    """A run: its job and its items; each poll of an item advances it by at most one state."""

    org: EmulatedOrg
    user_id: str
    job_id: str
    run_id: str
    items: list[Item]
    has_coverage: bool

    @property
    def is_over(self) -> bool:
        """Whether no test will run any more."""
        return all(item.is_over for item in self.items)

    def poll(self, item_id: str = "") -> None:
        """Let one item progress, or all; then bring the rows of the run up to date."""
        for item in self.items:
            if not item.is_over and item_id in ("", item.id):
                status = item.progression.poll()
                if status != item.status:
                    self._enter(item, status)
        self.note()

    def abort(self, item_id: str) -> None:
        """An item whose tests will not run."""
        for item in self.items:
            if item.id == item_id and not item.is_over:
                item.status = "Aborted"
        self.note()

    def _enter(self, item: Item, status: str) -> None:
        item.status = status
        event = {"type": "updated", "createdDate": format_datetime(self.org.now())}
        self.org.streams.publish(TOPIC, {"event": event, "sobject": {"Id": self.job_id}})
        if status == "Completed":
            log_id = note_log(self.org, self.user_id, item.chosen)
            for method in item.chosen.methods:
                item.failed += self._note_result(item, method, log_id)
            if self.has_coverage and not item.chosen.is_flow:
                note_coverage(self.org, item.chosen.test_class, list(item.chosen.methods))
        count = len(item.chosen.methods)
        passed = count - item.failed
        extended = f"({passed}/{count})" if status == "Completed" else None
        self.org.store.set_fields(ITEM, item.id, {"Status": status, "ExtendedStatus": extended})

    def _note_result(self, item: Item, method: str, log_id: str | None) -> int:
        """Add the rows of one test; how many failed: 0 or 1."""
        test_class, now = item.chosen.test_class, format_datetime(self.org.now())
        problem = failure(self.org, item.chosen.name, method)
        if item.chosen.is_flow:
            flow_tests.note_result(self.org, self.user_id, item.id, test_class, method, problem)
            return int(problem is not None)
        values = {
            "ApexClassId": test_class.id,
            "ApexLogId": log_id,
            "ApexTestRunResultId": self.run_id,
            "AsyncApexJobId": self.job_id,
            "QueueItemId": item.id,
            "MethodName": method,
            "Outcome": "Fail" if problem else "Pass",
            "Message": problem,
            "StackTrace": stack_trace(test_class.full_name, method) if problem else None,
            "RunTime": _MILLISECONDS,
            "TestTimestamp": now,
        }
        store = self.org.store
        result_id = store.add(RESULT, values, user_id=self.user_id)
        limits = {"ApexTestResultId": result_id, "LimitContext": "SYNC", **dict.fromkeys(_USED, 0)}
        store.add(_LIMITS, limits, user_id=self.user_id)
        return int(problem is not None)

    def note(self) -> None:
        """Bring the rows of the run and of its job up to date."""
        over = [one for one in self.items if one.is_over]
        done = [one for one in over if one.status == "Completed"]
        failed = sum(one.failed for one in self.items)
        methods = sum(len(one.chosen.methods) for one in done)
        status = self._status()
        moment = format_datetime(self.org.now()) if len(over) == len(self.items) else None
        ended = self.org.store.peek(RUN, self.run_id) or {}
        store = self.org.store
        store.set_fields(RUN, self.run_id, {
            "Status": status,
            "ClassesCompleted": len(done),
            "MethodsCompleted": methods,
            "MethodsFailed": failed,
            "TestTime": methods * _MILLISECONDS,
            "EndTime": ended.get("EndTime") or moment,
        })  # fmt: skip
        store.set_fields(JOB, self.job_id, {
            "Status": status,
            "JobItemsProcessed": len(over),
            "NumberOfErrors": failed,
            "CompletedDate": ended.get("EndTime") or moment,
        })  # fmt: skip

    def _status(self) -> str:
        found = {one.status for one in self.items}
        if found <= {"Completed", "Aborted"}:
            return "Aborted" if "Aborted" in found else "Completed"
        return "Queued" if found == {"Queued"} else "Processing"


def start(
    org: EmulatedOrg,
    user_id: str,
    chosen: Sequence[Chosen],
    *,
    is_all: bool = False,
    has_coverage: bool = True,
) -> TestRun:
    """Queue the tests of these classes."""
    with org.store.transaction():
        run = _new_run(org, user_id, chosen, is_all=is_all, has_coverage=has_coverage)
        for one in chosen:
            class_id = None if one.is_flow else one.test_class.id
            item_id = org.store.add(ITEM, {"ApexClassId": class_id}, user_id=user_id)
            _add_item(run, item_id, one)
        run.note()
    return run


def enqueue(org: EmulatedOrg, user_id: str, item_id: str, chosen: Chosen) -> None:
    """A run of the tests of one class, whose item exists."""
    _add_item(_new_run(org, user_id, [chosen]), item_id, chosen)


def _new_run(
    org: EmulatedOrg,
    user_id: str,
    chosen: Sequence[Chosen],
    *,
    is_all: bool = False,
    has_coverage: bool = True,
) -> TestRun:
    store = org.store
    job_id = store.add(JOB, {
        "JobType": "TestRequest",
        "Status": _STATES[0],
        "TotalJobItems": len(chosen),
        "JobItemsProcessed": 0,
        "NumberOfErrors": 0,
    }, user_id=user_id)  # fmt: skip
    run_id = store.add(RUN, {
        "AsyncApexJobId": job_id,
        "Status": _STATES[0],
        "ClassesEnqueued": len(chosen),
        "MethodsEnqueued": sum(len(one.methods) for one in chosen),
        "IsAllTests": is_all,
        "Source": "TestAPI",
        "StartTime": format_datetime(org.now()),
        "TestSetupTime": 0,
        "UserId": user_id,
    }, user_id=user_id)  # fmt: skip
    run = org.test_runs[job_id] = TestRun(org, user_id, job_id, run_id, [], has_coverage)
    store.on_undo(lambda: org.test_runs.pop(job_id))
    return run


def _add_item(run: TestRun, item_id: str, chosen: Chosen) -> None:
    values: dict[str, Any] = {
        "ParentJobId": run.job_id,
        "TestRunResultId": run.run_id,
        "Status": _STATES[0],
        "ShouldSkipCodeCoverage": not run.has_coverage,
    }
    run.org.store.set_fields(ITEM, item_id, values)
    progression = run.org.world.progression("apex_tests", _STATES, of=run.org.username)
    run.items.append(Item(item_id, chosen, progression))


def note_log(org: EmulatedOrg, user_id: str, chosen: Chosen) -> str | None:
    """Keep the debug log of the tests of a class, if the user is traced; its id."""
    if chosen.is_flow:
        return None
    test_class = chosen.test_class
    events = [f"CODE_UNIT_STARTED|[EXTERNAL]|{test_class.id}|{test_class.full_name}.{method}()"
              for method in chosen.methods]  # fmt: skip
    version = (test_class.element.value("apiVersion") if test_class.element else "") or "1.0"
    unit = f"{test_class.id}|{test_class.full_name}"
    text = debug_logs.text_of(org.now(), version, unit, events)
    return debug_logs.keep(org, user_id, text, operation="ApexTestHandler")

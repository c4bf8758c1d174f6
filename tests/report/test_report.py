"""`report` says what happened in a night, why orgs failed, and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.builder.causes import parsed
from provisioner.builder.history import Usual
from provisioner.builder.step_notes import Noted, failure_note, note_of, read_note
from provisioner.ledger.base import Claim, Ledger, Run
from provisioner.report.record import RECENT
from provisioner.report.step_times import StepTime, spent
from provisioner.steps.base import Done

from .conftest import Call
from .nights import BAD, START, add_org, new_run, three_nights

REPORT = """\
run 20261122-020000-abcde2 on ci1, started 2026-11-30 02:00:00 UTC
finished 02:34:00 with exit code 6: 1 of 3 built, 2 failed, all by one cause
1 later run had nothing to build, the last 20261123-020000-abcde3
sample: 1 of 3 available

Causes of the failures:
  2 orgs failed at deploy_source (pool.yaml:31): deploy 0Af0p00 Failed: 1 component failed
      force-app/main/default/classes/X.cls:3:9: Invalid type: Y
      fix: deploy the package of Y first
      in sample-001@acme.example, sample-002@acme.example

Warnings:
  run_apex: failed, and the org continued: line 7: no (1 org)
  deploy_source: X is deprecated (2 orgs)

Time for each step:
                           p50    p95  earlier p50  p95
  sample: sign-up        1m30s  1m30s           1m   1m  slower: 1m30s instead of 1m
  sample: deploy_source  1m30s  1m30s           1m   1m  slower: 1m30s instead of 1m
  sample: verification   1m30s  1m30s           1m   1m  slower: 1m30s instead of 1m

Requests:
  12 requests to the Dev Hub, 340 to scratch orgs
"""


def test_the_report_shows_the_last_night_that_built_and_not_a_later_run_that_did_nothing(
    ledger: Ledger, call: Call
) -> None:
    three_nights(ledger)
    answer = call("report")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == REPORT


def test_json_has_the_events_and_what_is_derived_from_them(ledger: Ledger, call: Call) -> None:
    _, bad, idle = three_nights(ledger)
    document = call("report", "--json").document
    assert document["run"] == bad.id
    assert document["summary"]["failed"] == 2
    assert document["verdict"].endswith("exit code 6: 1 of 3 built, 2 failed, all by one cause")
    assert [(one["step"], one["step_failed"]) for one in document["warnings"]] == [
        ("run_apex", True),
        ("deploy_source", False),
    ]
    assert [time["slower"] for time in document["times"]] == [True] * 3
    assert document["idle_runs"] == [idle.id]
    assert {event["to"] for event in document["events"]} >= {"available", "failed"}


def test_deleted_orgs_are_counted_by_their_reason(ledger: Ledger, call: Call) -> None:
    reasons = ["load_data: a@b.example is locked", "load_data: c@d.example is locked", "expired"]
    deleted = [{"username": f"{n}@x.example", "reason": r} for n, r in enumerate(reasons)]
    ledger.finish_run(Run("r", "h", 1, START, START, {"wanted": 1, "deleted": deleted}))
    assert (
        "Deleted:\n"
        "  2 orgs: load_data: a@b.example is locked\n"
        "      0@x.example, 1@x.example\n"
        "  1 org: expired\n"
        "      2@x.example\n"
    ) in call("report").out


def test_events_are_shown_on_request(ledger: Ledger, call: Call) -> None:
    three_nights(ledger)
    lines = call("report", "--events").out.splitlines()
    assert "Events:" in lines
    assert sum("sample-001@acme.example  building" in line for line in lines) == 1


def test_a_run_by_its_id(ledger: Ledger, call: Call) -> None:
    good, _, idle = three_nights(ledger)
    assert "exit code 0: 3 of 3 built, 0 failed" in call("report", good.id).out
    assert "exit code 0: 0 of 0 built, 0 failed" in call("report", idle.id).out
    answer = call("report", "nothing", "--json")
    assert (answer.code, answer.error["code"]) == (3, "unknown_run")
    assert answer.error["message"] == "the ledger has no run nothing"
    assert "provisioner report --runs" in answer.error["hint"]


def test_a_ledger_of_idle_runs_shows_the_newest(ledger: Ledger, call: Call) -> None:
    for number in (1, 2):
        ledger.finish_run(Run(f"run-{number}", "ci1", 7, START, START, {"exit_code": 0}))
    assert call("report").out.startswith("run run-2 on ci1")


def test_many_runs_without_anything_to_build_do_not_hide_the_last_build(
    ledger: Ledger, call: Call
) -> None:
    ledger.finish_run(Run("bad", "h", 1, START, START, {"exit_code": 6, "wanted": 2, "built": 1}))
    for minutes in range(1, RECENT + 2):
        at = START + timedelta(minutes=minutes)
        ledger.finish_run(Run(f"idle-{minutes:03}", "h", 1, at, at, {"exit_code": 0}))
    lines = call("report").out.splitlines()
    assert lines[0].startswith("run bad on h")
    assert lines[2] == f"{RECENT + 1} later runs had nothing to build, the last idle-061"
    assert "exit code 6: 1 of 2 built" in call("status").out.splitlines()[-1]


def test_the_list_of_runs_has_one_line_each(ledger: Ledger, call: Call) -> None:
    runs = three_nights(ledger)
    header, *lines = call("report", "--runs").out.splitlines()
    assert header.split() == ["run", "started", "(UTC)", "took", "exit", "built", "failed", "why"]
    assert [line.split()[0] for line in lines] == [run.id for run in reversed(runs)]
    assert lines[0].endswith("nothing to build")
    what = "deploy_source: force-app/main/default/classes/X.cls:3:9: Invalid type: Y"
    assert lines[1].endswith(f"6m    6     1 of 3  2       2 orgs: {what}")
    entry = call("report", "--runs", "--json").document["runs"][1]
    assert (entry["exit_code"], entry["built"], entry["wanted"]) == (6, 1, 3)
    assert entry["causes"] == [{"step": "deploy_source", "what": what, "count": 2}]
    answer = call("report", "--runs", runs[0].id)
    assert (answer.code, answer.err.splitlines()[0]) == (
        2,
        "error: --runs lists all runs, so it takes no RUN or ORG",
    )


def test_the_history_of_an_org_has_its_steps_claims_and_events(ledger: Ledger, call: Call) -> None:
    three_nights(ledger)
    username = "sample-000@acme.example"
    claimed = ledger.claim(Claim("ann", username=username), now=ledger.now())
    assert claimed is not None
    text = call("report", username.upper()).out
    assert text.startswith(f"{username}: claimed, of the pool sample\n")
    assert "  sign-up        1m30s\n  deploy_source  1m30s\n" in text
    assert "Claims:\n  ann  from " in text
    assert "  note  run_apex: failed, and the org continues:\n  | line 7: no" in text
    document = call("report", username, "--json").document
    assert [claim["owner"] for claim in document["claims"]] == ["ann"]
    assert document["org"]["state"] == "claimed"
    assert document["steps"][-1]["step"] == "verification"
    answer = call("report", "nobody@acme.example", "--json")
    assert (answer.code, answer.error["code"]) == (3, "unknown_org")


def test_the_first_run_is_not_compared_with_earlier_ones(ledger: Ledger, call: Call) -> None:
    first, *_ = three_nights(ledger)
    lines = call("report", first.id).out.splitlines()
    assert lines[lines.index("Time for each step:") + 1].split() == ["p50", "p95"]


def test_a_run_without_an_end_says_so(ledger: Ledger, call: Call) -> None:
    run = new_run(4)
    with ledger.builder_lock(run, wait=False):
        add_org(ledger, run, "sample-001@acme.example")
        for number in (2, 3):
            add_org(ledger, run, f"sample-00{number}@acme.example", error=BAD)
    lines = call("report").out.splitlines()
    assert lines[1].startswith("no end is recorded: the run is still in progress")
    assert lines[1].endswith("; so far 1 available, 2 failed")
    assert "  2 orgs failed at deploy_source: deploy 0Af0p00 Failed: 1 component failed" in lines
    assert [one["count"] for one in call("report", "--json").document["causes"]] == [2]
    assert call("report", "--runs").out.splitlines()[1].endswith("no end is recorded")


ODD = [
    None,
    7,
    "x",
    [None, 7],
    {"a": [7]},
    [{"name": 7, "size": "x"}],
    {"steps": 3, "orgs": {"a": 7}},
]


@pytest.mark.parametrize("value", ODD, ids=str)
def test_a_record_that_another_program_wrote_is_shown_as_far_as_it_goes(
    ledger: Ledger, call: Call, value: object
) -> None:
    keys: tuple[str, ...] = (
        "exit_code",
        "error",
        "wanted",
        "seconds",
        "pools",
        "causes",
        "durations",
        "timeline",
    )
    keys += ("deleted", "api_calls", "contents", "limit", "stopped_because", "allowance")
    ledger.finish_run(Run("odd", "ci1", 7, START, START, dict.fromkeys(keys, value)))
    for command in (["report"], ["report", "--runs"], ["status"], ["report", "--events"]):
        answer = call(*command)
        assert (answer.code, answer.err) == (0, ""), command


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ("deploy_source: deploy 0Af1 Failed: 2 components failed\nX.cls:3:9: a\nY: b",
         "deploy_source: X.cls:3:9: a"),
        ("load_data: a.csv: 3 of 5 rows of Account were refused\nrow 1: no Name",
         "load_data: a.csv: 3 of 5 rows of Account were refused: row 1: no Name"),
        ("run_command: python seed.py exits with 3\nTraceback\nValueError: x",
         "run_command: python seed.py exits with 3: ValueError: x"),
        ("sign-up: Error C-1007: taken\nhint: try", "sign-up: Error C-1007: taken"),
        ("no step at all", "no step at all"),
    ],
)  # fmt: skip
def test_the_line_of_an_error_that_says_what_is_wrong(error: str, what: str) -> None:
    assert parsed(error).what == what


def test_a_note_is_read_as_it_was_written() -> None:
    done = Done(warnings=("a", "b\nmore"), output="x\nwarning: of the program")
    assert read_note(note_of("step", done, str)) == Noted("step", ("a", "b\nmore"))
    assert read_note(failure_note("step", "a\nb")) == Noted("step", ("a\nb",), is_failure=True)
    for text in ("", "verified", "step:\noutput:\nwarning: no", "x: y\nwarning: z"):
        assert read_note(text) is None


@pytest.mark.parametrize(
    ("now", "past", "is_slower"),
    [
        (126, Usual(100, 120, 5), True),
        (124, Usual(100, 120, 5), False),  # above, within the usual variation
        (126, Usual(100, 130, 5), False),  # as slow as one in twenty was
        (500, Usual(100, 120, 4), False),  # too few to compare with
        (500, None, False),
    ],
)
def test_a_step_is_slower_when_its_median_is_clearly_above_the_earlier_ones(
    now: float, past: Usual | None, is_slower: bool
) -> None:
    assert StepTime("p", "s", Usual(now, now, 3), past).is_slower == is_slower


def test_durations_are_short() -> None:
    shown = [spent(seconds) for seconds in (0.04, 9.4, 59.6, 130, 3661, 90061)]
    assert shown == ["0.0s", "9.4s", "1m", "2m10s", "1h1m", "1d1h1m"]

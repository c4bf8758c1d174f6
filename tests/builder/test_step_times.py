"""The durations of steps: what the record of a run keeps, and what later reports read from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.builder.events import OrgEvent
from provisioner.builder.history import Usual, history, usual
from provisioner.builder.step_times import LONGEST_TIMELINE, MOST_SAMPLES, StepTimes
from provisioner.ledger.base import Run, State


def clock(*times: float) -> Callable[[], float]:
    """A clock with these times, one for each event; the build starts at 0."""
    values = iter((0.0, *times))
    return lambda: next(values)


def observed(times: StepTimes, username: str, *steps: str) -> None:
    """The events of an org: sign-up, its steps, and the outcome that the last name says."""
    states = {"available": State.AVAILABLE, "failed": State.FAILED, "sign-up": State.SIGNING_UP}
    for step in steps:
        state = states.get(step, State.BUILDING)
        name = "" if state is State.AVAILABLE else step
        times.observe(OrgEvent(username, "morning", state, step=name))


def test_a_step_lasts_until_the_next_one_begins() -> None:
    times = StepTimes(clock(1, 2, 61, 65, 70))
    observed(times, "a@acme.example", "sign-up", "sign-up", "deploy", "deploy", "available")
    assert times.durations() == {"morning": {"sign-up": [60.0], "deploy": [9.0]}}
    assert times.timeline() == {
        "steps": ["sign-up", "deploy"],
        "orgs": {"a@acme.example": [[0, 1.0, 61.0], [1, 61.0, 70.0]]},
        "left_out": 0,
    }


def test_a_step_that_failed_or_did_not_end_is_no_usual_duration() -> None:
    times = StepTimes(clock(1, 5, 9, 20, 22))
    observed(times, "a@acme.example", "sign-up", "deploy", "failed")
    observed(times, "b@acme.example", "sign-up", "deploy")
    assert times.durations() == {"morning": {"sign-up": [2.0, 4.0]}}
    assert times.timeline()["orgs"]["b@acme.example"] == [[0, 20.0, 22.0], [1, 22.0, None]]


def test_many_orgs_fit_into_the_record() -> None:
    times = StepTimes()
    for number in range(1000):
        observed(times, f"morning-{number:06}@acme.example", "sign-up", "deploy", "available")
    timeline = times.timeline()
    assert len(timeline["orgs"]) + timeline["left_out"] == 1000
    assert timeline["left_out"] > 0
    assert len(json.dumps(timeline)) < LONGEST_TIMELINE + 200
    assert len(times.durations()["morning"]["sign-up"]) == MOST_SAMPLES


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], None),
        ([7], Usual(7, 7, 1)),
        (range(1, 101), Usual(50, 95, 100)),
        ([1, 1, 1, 100], Usual(1, 100, 4)),
    ],
)
def test_the_median_and_the_95th_percentile(seconds: Iterable[float], expected: object) -> None:
    assert usual(seconds) == expected


def run(number: int, durations: Any) -> Run:
    started = datetime(2026, 11, 1, 3, tzinfo=UTC)
    return Run(f"run-{number}", "host", 1, started, summary={"durations": durations})


def test_past_runs_say_what_is_usual() -> None:
    runs = [
        run(3, {"morning": {"deploy": [999]}}),
        run(2, {"morning": {"deploy": [10, 20]}, "noon": {"deploy": [70]}}),
        run(1, {"morning": {"deploy": [30]}}),
    ]
    found = history(runs, without="run-3")
    assert found.runs == 2
    assert found.usual("morning", "deploy") == Usual(20, 30, 3)
    assert found.usual_anywhere("deploy") == Usual(20, 70, 4)
    assert found.usual("morning", "unknown") is None


@pytest.mark.parametrize("broken", [None, 7, [], {"a": 7}, {"a": {"b": 7}}, {"a": {"b": ["x"]}}])
def test_a_record_of_another_program_says_nothing(broken: Any) -> None:
    assert history([run(1, broken)]).runs == 0

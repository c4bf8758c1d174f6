"""Whatever its jobs do, the scheduler ends, and raises what was wrong."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.builder.scheduler import LONGEST_DELAY, Scheduler, bounded

pytestmark = pytest.mark.slow

TIME_LIMIT = 30.0  # seconds after which a run counts as hanging
CULPRITS: dict[str, Callable[[], Any]] = {
    "an error": lambda: 1 / 0,
    "Ctrl-C in a thread": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    "an exit": lambda: (_ for _ in ()).throw(SystemExit(3)),
    "a delay that is no number": lambda: math.nan,
    "a delay of another type": lambda: "soon",
}
HARMLESS = (None, 0.0, -5.0, -math.inf, 0.001)


def ended(scheduler: Scheduler) -> BaseException | None:
    """Run to the end in a thread; what it raised."""
    raised: list[BaseException | None] = [None]

    def run() -> None:
        try:
            scheduler.run()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is returned
            raised[0] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(TIME_LIMIT)
    assert not thread.is_alive(), "the scheduler hangs"
    return raised[0]


@pytest.mark.parametrize("name", CULPRITS)
@pytest.mark.parametrize("workers", [1, 4])
def test_a_job_that_fails_stops_the_others_and_is_raised(name: str, workers: int) -> None:
    scheduler = Scheduler(workers)
    scheduler.add("culprit", CULPRITS[name])
    scheduler.add("other", lambda: None, delay=3600)
    assert ended(scheduler) is not None
    assert scheduler.is_stopping


@given(seed=st.integers(0, 10_000), workers=st.integers(1, 4), jobs=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_every_mixture_of_jobs_ends_and_each_runs_as_often_as_it_asked(
    seed: int, workers: int, jobs: int
) -> None:
    random, scheduler = Random(seed), Scheduler(workers)
    runs = dict.fromkeys(range(jobs), 0)
    wanted = {number: random.randint(1, 4) for number in runs}

    def job(number: int) -> float | None:
        runs[number] += 1
        if runs[number] == 1 and random.random() < 0.2:
            scheduler.add(f"child {number}", lambda: None, random.choice([0.0, -1.0]))
        if runs[number] < wanted[number]:
            return random.choice(HARMLESS) or 0.0
        return None

    for number in runs:
        scheduler.add(str(number), lambda number=number: job(number))  # type: ignore[misc]
    assert ended(scheduler) is None
    assert runs == wanted


@given(seed=st.integers(0, 10_000), workers=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_with_a_culprit_among_them_every_mixture_ends_and_raises(seed: int, workers: int) -> None:
    random, scheduler = Random(seed), Scheduler(workers)
    for number in range(random.randint(0, 8)):
        scheduler.add(str(number), lambda: random.choice([None, 0.001]), random.random() / 100)
    culprit = CULPRITS[random.choice(sorted(CULPRITS))]
    scheduler.add("culprit", culprit, random.random() / 100)
    assert ended(scheduler) is not None


@pytest.mark.parametrize("delay", [math.inf, 1e300, -math.inf, -1.0, 0.5])
def test_a_delay_is_never_negative_or_endless(delay: float) -> None:
    assert 0 <= bounded(delay) <= LONGEST_DELAY


def test_a_delay_that_is_no_number_is_refused_where_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="not a number"):
        Scheduler(1).add("a", lambda: None, math.nan)


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_jobs_run_with_as_many_threads_as_the_system_has(threads: int) -> None:
    scheduler, done = Scheduler(8), []
    left = iter(range(threads))
    start = threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        if thread.name == "build" and next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    for number in range(20):
        scheduler.add(str(number), lambda number=number: done.append(number))  # type: ignore[misc]
    with patch.object(threading.Thread, "start", scarce):
        assert ended(scheduler) is None
    assert sorted(done) == list(range(20))


def test_a_failure_lets_the_jobs_that_run_come_to_their_end() -> None:
    scheduler, meeting, done = Scheduler(2), threading.Event(), []

    def slow() -> None:
        assert meeting.wait(TIME_LIMIT)
        done.append(1)

    def broken() -> None:
        threading.Timer(0.01, meeting.set).start()
        raise LookupError("ours")

    scheduler.add("slow", slow)
    scheduler.add("broken", broken)
    assert isinstance(ended(scheduler), LookupError)
    assert done == [1]

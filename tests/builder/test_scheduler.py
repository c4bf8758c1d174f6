"""The scheduler runs what is due, never one key twice at once, and ends when all is done."""

from __future__ import annotations

import threading
import time

import pytest

from provisioner.builder.scheduler import Scheduler


def test_a_job_runs_again_after_the_delay_that_it_asks_for() -> None:
    scheduler, runs = Scheduler(2), []

    def job() -> float | None:
        runs.append(time.monotonic())
        return 0.01 if len(runs) < 3 else None

    scheduler.add("a", job)
    scheduler.run()
    assert len(runs) == 3


def test_jobs_of_different_keys_run_side_by_side() -> None:
    scheduler, meeting = Scheduler(2), threading.Barrier(2, timeout=5)

    def meet() -> None:
        meeting.wait()

    for key in "ab":
        scheduler.add(key, meet)
    scheduler.run()
    assert not meeting.broken


def test_more_jobs_than_workers_all_run() -> None:
    scheduler, done = Scheduler(2), []
    for number in range(50):
        scheduler.add(str(number), lambda number=number: done.append(number))  # type: ignore[misc]
    scheduler.run()
    assert sorted(done) == list(range(50))


def test_a_key_that_is_added_while_it_runs_runs_once_more_and_never_twice_at_once() -> None:
    scheduler, inside = Scheduler(4), threading.Lock()
    runs: list[int] = []

    def job() -> None:
        assert inside.acquire(blocking=False), "two at once"
        if len(runs) < 20:
            scheduler.add("a", job)
            scheduler.add("a", job)
        runs.append(1)
        inside.release()

    scheduler.add("a", job)
    scheduler.run()
    assert len(runs) == 21


def test_adding_a_waiting_key_again_brings_it_forward() -> None:
    scheduler, runs = Scheduler(1), []
    scheduler.add("a", lambda: runs.append("late"), delay=3600)
    scheduler.add("a", lambda: runs.append("now"))
    scheduler.run()
    assert runs == ["now"]


def test_a_registered_job_runs_when_it_is_woken_and_may_be_woken_again() -> None:
    scheduler, runs = Scheduler(1), []
    scheduler.register("a", lambda: runs.append(1))
    scheduler.run()
    assert runs == []
    scheduler.wake("a")
    scheduler.wake("a")
    scheduler.run()
    assert runs == [1], "two wakes before it runs are one"
    scheduler.wake("a")
    scheduler.run()
    assert runs == [1, 1]


def test_of_several_wakes_the_earliest_counts() -> None:
    scheduler, runs = Scheduler(1), []
    scheduler.register("a", lambda: runs.append(time.monotonic()))
    scheduler.wake("a", 3600)
    scheduler.wake("a")
    scheduler.wake("a", 3600)
    started = time.monotonic()
    scheduler.run()
    assert len(runs) == 1
    assert time.monotonic() - started < 60


def test_a_job_that_is_woken_while_it_runs_runs_again() -> None:
    """Whether it has asked for a later run itself or not, and never twice at once."""
    scheduler, runs = Scheduler(4), []

    def job() -> float | None:
        runs.append(1)
        if len(runs) < 3:
            scheduler.wake("a", 3600)
            scheduler.wake("a", 0.01)
        return 3600 if len(runs) == 1 else None

    scheduler.register("a", job)
    scheduler.wake("a")
    scheduler.run()
    assert len(runs) == 3


def test_no_job_starts_before_it_is_due() -> None:
    scheduler, has_started = Scheduler(2), threading.Event()
    is_early: list[bool] = []

    def watch() -> None:
        is_early.append(has_started.wait(0.05))
        scheduler.stop()

    scheduler.add("later", has_started.set, delay=0.9)
    scheduler.add("watch", watch)
    scheduler.run()
    assert is_early == [False]


def test_no_more_jobs_run_at_once_than_there_are_workers() -> None:
    scheduler, has_started = Scheduler(1), threading.Event()
    is_beside: list[bool] = []
    scheduler.add("first", lambda: is_beside.append(has_started.wait(0.05)))
    scheduler.add("second", has_started.set)
    scheduler.run()
    assert is_beside == [False]
    assert has_started.is_set()


def test_jobs_run_in_the_order_in_which_they_are_due() -> None:
    """Woken by others, or after the delay that each has asked for."""
    scheduler, runs = Scheduler(1), []

    def job(name: str, delay: float) -> float | None:
        runs.append(name)
        return delay if runs.count(name) == 1 else None

    scheduler.register("a", lambda: job("a", 0.45))
    scheduler.register("b", lambda: job("b", 0.05))
    scheduler.wake("b", 0.2)
    scheduler.wake("a", 0.01)
    scheduler.run()
    assert runs == ["a", "b", "b", "a"]


def test_a_key_names_one_job() -> None:
    scheduler = Scheduler(1)
    scheduler.register("a", lambda: None)
    with pytest.raises(ValueError, match="already"):
        scheduler.register("a", lambda: None)
    with pytest.raises(KeyError):
        scheduler.wake("b")


def test_stop_starts_nothing_further_and_lets_the_running_job_end() -> None:
    scheduler, ended = Scheduler(1), []

    def job() -> float:
        scheduler.stop()
        ended.append(1)
        return 0.0

    scheduler.add("a", job)
    scheduler.add("b", lambda: ended.append(2), delay=0.05)
    scheduler.run()
    assert ended == [1]
    assert scheduler.is_stopping


def test_a_bug_in_a_job_is_raised_by_run_and_stops_the_rest() -> None:
    scheduler = Scheduler(1)

    def broken() -> None:
        raise ZeroDivisionError("ours")

    scheduler.add("a", broken)
    scheduler.add("b", lambda: None, delay=3600)
    with pytest.raises(ZeroDivisionError, match="ours"):
        scheduler.run()

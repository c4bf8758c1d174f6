"""Work shared with a forked process, and what happens when it dies."""

from __future__ import annotations

import os
import threading

import pytest

from provisioner.source.second_process import SecondProcess, Tickets, can_fork


def test_what_the_work_gives_comes_back() -> None:
    assert SecondProcess(lambda: {"here": os.getpid()}).result()["here"] != os.getpid()


def test_nothing_comes_back_from_work_that_failed() -> None:
    assert SecondProcess(lambda: 1 / 0).result() is None


def test_work_can_be_stopped() -> None:
    process = SecondProcess(lambda: threading.Event().wait())
    process.stop()
    with pytest.raises(ChildProcessError):
        os.waitpid(process._process, os.WNOHANG)  # it was waited for: there is none any more


def test_each_ticket_is_taken_once() -> None:
    tickets = Tickets(Tickets.MOST)
    process = SecondProcess(lambda: list(tickets))
    ours = list(tickets)
    theirs = process.result()
    tickets.close()
    assert sorted([*ours, *theirs]) == list(range(Tickets.MOST))


def test_a_process_with_threads_does_not_fork() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        stop.set()
        thread.join()

"""Every ledger lets one builder in at a time, and says who that is."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from provisioner.errors import BusyError
from provisioner.ledger.base import Claim, Run
from tests.ledger.world import NOW, World, add_available, run

pytestmark = pytest.mark.slow


@contextmanager
def building(world: World, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that builds, until the block ends."""
    process = world.start("builder.py", "run-1", *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def wait_until_holding(process: subprocess.Popen[str]) -> list[str]:
    """What the process printed before it had the lock."""
    assert process.stdout is not None
    lines = []
    while (line := process.stdout.readline().strip()) != "holding":
        assert line, "the builder ended"
        lines.append(line)
    return lines


def test_the_error_of_a_second_build_says_who_holds_the_ledger_and_since_when(world: World) -> None:
    with building(world) as process:
        wait_until_holding(process)
        with pytest.raises(BusyError) as caught, world.open().builder_lock(run(), wait=False):
            pass
    assert caught.value.exit_code == 8
    assert caught.value.code == "build_running"
    assert caught.value.message == (
        "another build is running: run run-1 on build-host, "
        f"process {process.pid}, since 2026-11-24 02:00 UTC"
    )
    assert "--wait" in caught.value.hint


def test_the_lock_is_free_the_moment_its_holder_was_killed(world: World) -> None:
    with building(world) as process:
        wait_until_holding(process)
        process.kill()
        process.wait(timeout=60)
        with world.open().builder_lock(run("run-2"), wait=False):
            assert [known.id for known in world.open().runs()] == ["run-2", "run-1"]


def test_a_frozen_build_keeps_the_lock_and_is_reported_as_frozen(world: World) -> None:
    with building(world) as process:
        wait_until_holding(process)
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)  # it has stopped, and not only received the signal
        with pytest.raises(BusyError) as caught, world.open().builder_lock(run(), wait=False):
            pass
    assert caught.value.message.endswith("; that process is stopped (SIGSTOP)")
    assert f"kill -CONT {process.pid}" in caught.value.hint


def test_a_child_of_a_killed_build_does_not_keep_the_lock(world: World) -> None:
    with building(world, "child") as process, ExitStack() as stack:
        (child,) = wait_until_holding(process)
        stack.callback(_end, int(child))
        process.kill()
        process.wait(timeout=60)
        with world.open().builder_lock(run("run-2"), wait=False):
            pass


def test_one_who_waits_gets_the_lock_when_it_is_given_back_and_the_holder_is_reported(
    world: World,
) -> None:
    messages: list[str] = []
    waiting = threading.Event()

    def tell(text: str) -> None:
        messages.append(text)
        waiting.set()

    with building(world) as process:
        wait_until_holding(process)
        entered = threading.Event()
        thread = threading.Thread(target=_enter, args=(world, tell, entered))
        thread.start()
        assert waiting.wait(timeout=60)
        assert not entered.is_set()
        process.communicate("stop\n", timeout=60)
        thread.join(timeout=60)
    assert entered.is_set()
    assert len(messages) == 1
    assert "run run-1 on build-host" in messages[0]


def test_two_threads_of_one_program_exclude_each_other_as_well(world: World) -> None:
    ledger = world.open()
    with ledger.builder_lock(run("run-1"), wait=False):
        with pytest.raises(BusyError, match="run run-1"), ledger.builder_lock(run(), wait=False):
            pass
        assert [known.id for known in ledger.runs()] == ["run-1"]
    with ledger.builder_lock(run("run-2"), wait=False):
        pass


def test_a_claim_needs_no_lock(world: World) -> None:
    ledger = world.open()
    add_available(ledger, "a@acme.example")
    with building(world) as process:
        wait_until_holding(process)
        assert ledger.claim(Claim("ann"), now=NOW) is not None


def test_a_run_is_recorded_from_its_start_and_finished_with_a_summary(world: World) -> None:
    ledger = world.open()
    first, second = run("run-1"), run("run-2", at=NOW + timedelta(days=1))
    with ledger.builder_lock(first, wait=False):
        assert ledger.runs() == [first]
    done = replace(first, finished_at=NOW + timedelta(hours=1), summary={"built": 3, "é": [1]})
    ledger.finish_run(done)
    with ledger.builder_lock(second, wait=False):
        pass
    assert world.open().runs() == [second, done]
    assert ledger.runs(limit=1) == [second]


def test_a_run_that_ends_without_a_time_ends_now(world: World) -> None:
    ledger = world.open()
    ledger.finish_run(Run("run-9", "h", 1, NOW))
    (finished,) = ledger.runs()
    assert finished.finished_at is not None


def _enter(world: World, tell: Callable[[str], None], entered: threading.Event) -> None:
    with world.open().builder_lock(run("run-2"), wait=True, on_wait=tell):
        entered.set()


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

"""A builder that lost the lock of one of its pools writes nothing more; others wait only for it."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import ExitStack

import pytest

from provisioner.errors import BusyError
from provisioner.ledger.base import Org
from provisioner.ledger.postgresql import session as postgresql_session
from tests.ledger.postgresql.test_builder_lock import (
    LOCKS,
    SLEEPY,
    Brief,
    builder,
    database_of,
    held_by,
    is_refused,
    refusal,
    wait_until,
)
from tests.ledger.postgresql_server import Server
from tests.ledger.world import World, run

SLOW = Brief(ping=1.0, deadline=60.0, timeout=120.0)
"""It notices after a second that its session has ended."""


def builders(world: World, server: Server) -> dict[str, str]:
    """The rows that name builders: key → run."""
    rows = server.sql(
        "SELECT key, value FROM meta WHERE key LIKE '%builder%'", database=database_of(world)
    )
    return {key: json.loads(value)["run"] for key, value in rows}


def test_a_frozen_builder_writes_nothing_after_another_has_adopted(
    world: World, server: Server
) -> None:
    process = world.start("postgresql/frozen_builder.py")
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    process.send_signal(signal.SIGSTOP)
    try:
        with (
            builder(world.url) as ledger,
            ledger.builder_lock(run("run-2"), pools=["morning", "noon"], wait=True),
        ):
            (adopted,) = ledger.adopt("run-2", ["morning", "noon"])
            process.send_signal(signal.SIGCONT)
            out, _ = process.communicate("write\n", timeout=60)
            assert out.split() == ["ledger_lock_lost", "ledger_lock_lost"]
            assert ledger.orgs() == [adopted]
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_only_a_builder_of_the_same_pool_waits_for_the_last_call(
    world: World, server: Server
) -> None:
    messages: list[str] = []
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), pools=["morning", "noon"], wait=False))
        server.sql(LOCKS, database=database_of(world))
        with new.builder_lock(run("run-2"), pools=["evening"], wait=False, on_wait=pytest.fail):
            assert builders(world, server)["builder of evening"] == "run-2"
        with new.builder_lock(run("run-3"), pools=["noon"], wait=False, on_wait=messages.append):
            pass
        assert messages[0].startswith("the previous build did not end cleanly (run run-1 on ")
        with new.builder_lock(run("run-4"), pools=["noon"], wait=False, on_wait=pytest.fail):
            pass  # that call has ended
        assert builders(world, server) == {"builder of morning": "run-1"}


def test_a_builder_that_lost_one_pool_writes_to_none(world: World, server: Server) -> None:
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), pools=["morning", "noon"], wait=False))
        server.sql(LOCKS, database=database_of(world))
        old.add(Org("a@acme.example", "morning", builder_id="run-1"))  # nobody else is there
        with new.builder_lock(run("run-2"), pools=["noon"], wait=False):
            error = refusal(old)
        assert error.code == "ledger_lock_lost"
        assert "another build holds it now" in error.message


def test_a_builder_whose_session_is_ended_takes_all_its_locks_again_or_none(
    world: World, server: Server
) -> None:
    with builder(world.url) as ledger:
        with ledger.builder_lock(run("run-1"), pools=["morning", "noon"], wait=False):
            before = held_by(world, server)
            assert len(before) == 3  # of the ledger, and of each pool
            server.sql(LOCKS, database=database_of(world))
            wait_until(lambda: len(now := held_by(world, server)) == 3 and now != before)
            ledger.add(Org("a@acme.example", "morning"))
        assert builders(world, server) == {}
    with builder(world.url, SLOW) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-2"), pools=["morning", "noon"], wait=False))
        server.sql(LOCKS, database=database_of(world))
        stack.enter_context(new.builder_lock(run("run-3"), pools=["noon"], wait=True))
        wait_until(lambda: is_refused(old))
        assert len(held_by(world, server)) == 2  # those of the new one


def test_the_wait_for_a_last_call_is_left_to_the_next_builder_if_one_ends_in_it(
    world: World, server: Server
) -> None:
    def interrupted(_text: str) -> None:
        raise KeyboardInterrupt

    messages: list[str] = []
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), pools=["morning"], wait=False))
        server.sql(LOCKS, database=database_of(world))
        with (
            pytest.raises(KeyboardInterrupt),
            new.builder_lock(run("run-2"), pools=["morning"], wait=False, on_wait=interrupted),
        ):
            pass
        assert builders(world, server) == {"former builder run-1 of morning": "run-1"}
        assert refusal(old).code == "ledger_lock_lost"
        with new.builder_lock(run("run-3"), pools=["noon"], wait=False, on_wait=pytest.fail):
            pass  # of another pool
        with new.builder_lock(run("run-4"), pools=["morning"], wait=False, on_wait=messages.append):
            pass
    assert "run run-1 on build-host" in messages[0]
    assert builders(world, server) == {}


def test_one_who_waits_outlives_any_number_of_restarts(
    world: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby may wait for hours; each disturbance has the time of one."""
    monkeypatch.setattr(postgresql_session, "RETRY_SECONDS", 0.5)
    waiting = (
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND query LIKE '%pg_advisory_unlock_all%'"  # after it was refused
    )
    database = database_of(world)

    def is_waiting() -> bool:
        return bool(server.sql(f"SELECT 1 {waiting}", database=database))

    entered = threading.Event()

    def wait() -> None:
        with (
            builder(world.url) as ledger,
            ledger.builder_lock(run("run-2"), pools=["morning"], wait=True),
        ):
            entered.set()

    with builder(world.url, SLEEPY) as old:
        with old.builder_lock(run("run-1"), pools=["morning"], wait=False):
            thread = threading.Thread(target=wait)
            thread.start()
            for _ in range(2):
                wait_until(is_waiting)
                time.sleep(0.6)  # longer than the time for one disturbance
                wait_until(is_waiting)
                server.sql(f"SELECT pg_terminate_backend(pid, 5000) {waiting}", database=database)
            wait_until(is_waiting)
            assert not entered.is_set()
        thread.join(timeout=60)
    assert entered.is_set()


def test_a_restart_does_not_give_a_pool_to_the_one_who_waits_for_it(
    world: World, server: Server
) -> None:
    """Both sessions end, and the one who waits notices it first: it lets the builder be first."""
    waiting = Brief(ping=2.0, deadline=60.0, timeout=120.0)
    messages: list[str] = []
    entered = threading.Event()

    def wait() -> None:
        with (
            builder(world.url, waiting) as ledger,
            ledger.builder_lock(
                run("run-2"), pools=["morning"], wait=True, on_wait=messages.append
            ),
        ):
            entered.set()

    with builder(world.url, SLOW) as old:
        with old.builder_lock(run("run-1"), pools=["morning"], wait=False):
            thread = threading.Thread(target=wait)
            thread.start()
            wait_until(lambda: bool(messages))
            server.sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                database=database_of(world),
            )
            lock = old._lock
            assert lock is not None
            wait_until(lambda: held_by(world, server) == [lock._pid] * 2)
            old.add(Org("a@acme.example", "morning"))
            assert not entered.is_set()
        thread.join(timeout=60)
    assert entered.is_set()
    assert len(messages) == 1  # it did not wait for the last call of a build that ended cleanly


def test_who_has_the_whole_ledger_fences_out_the_builders_of_all_pools(
    world: World, server: Server
) -> None:
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), pools=["morning"], wait=False))
        server.sql(LOCKS, database=database_of(world))
        with new.exclusive(run("ledger copy"), wait=False):
            assert refusal(old).code == "ledger_lock_lost"
        assert refusal(old).code == "ledger_lock_lost"


def test_a_build_of_an_earlier_version_and_one_of_a_pool_exclude_each_other(
    world: World, server: Server
) -> None:
    """It locks the ledger with the same two numbers, and its row has the key `builder`."""
    lock = "SELECT pg_try_advisory_lock(1347571026, hashtext(current_schema()))"
    with builder(world.url) as ledger:
        with ledger.builder_lock(run("run-1"), pools=["morning"], wait=False):
            assert server.sql(lock, database=database_of(world)) == [(False,)]
        with builder(world.url, SLEEPY) as old, ExitStack() as stack:
            stack.enter_context(old.builder_lock(run("run-2"), wait=False))
            assert builders(world, server) == {"builder": "run-2"}
            with (
                pytest.raises(BusyError, match="another build is running: run run-2"),
                ledger.builder_lock(run("run-3"), pools=["morning"], wait=False),
            ):
                pass
            server.sql(LOCKS, database=database_of(world))
            messages: list[str] = []
            for pool in ("morning", "noon"):
                with ledger.builder_lock(
                    run(f"of {pool}"), pools=[pool], wait=False, on_wait=messages.append
                ):
                    assert "builder" not in builders(world, server)
            assert "run run-2 on build-host" in messages[0]
            assert len(messages) == 1
            assert refusal(old).code == "ledger_lock_lost"

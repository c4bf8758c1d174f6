"""A builder stops before another can start: at a cut, a freeze, or the end of its session."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from provisioner.errors import BusyError, LedgerError
from provisioner.ledger.base import Claim, Org
from provisioner.ledger.boot_time import boot_time
from provisioner.ledger.postgresql import holder as postgresql_holder
from provisioner.ledger.postgresql.address import address_of
from provisioner.ledger.postgresql.build_lock import Times
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from tests.ledger.postgresql_proxy import Proxy, proxy
from tests.ledger.postgresql_server import Server
from tests.ledger.world import NOW, World, add_available, run


class Brief(Times):
    """A short grace with long time-outs: no test fails because a machine is busy."""

    grace = 0.3


QUICK = Brief(ping=0.1, deadline=60.0, timeout=120.0)
CUT = Times(ping=0.1, deadline=3.0, timeout=5.0)
KEPT = Times(ping=0.1, deadline=60.0, timeout=3.0)
SLEEPY = Times(ping=3600.0, deadline=3600.0, timeout=7200.0)
"""A builder that does not poll for a long time."""

LOCKS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def database_of(world: World) -> str:
    """The database in the world's URL."""
    return world.url.partition("///")[2].partition("?")[0]


def builder(url: str, times: Times = QUICK) -> closing[PostgresqlLedger]:
    """A ledger of a builder with these times."""
    return closing(PostgresqlLedger(address_of(url), times=times))


def refusal(ledger: PostgresqlLedger) -> LedgerError:
    """What the ledger answers to a write."""
    with pytest.raises(LedgerError) as caught:
        ledger.add(Org("late@acme.example", "morning"))
    return caught.value


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what must come about."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_refused(ledger: PostgresqlLedger) -> bool:
    """Has the builder noticed that its lock is lost?"""
    try:
        ledger.change(Org("nobody@acme.example", "morning"))
    except LedgerError as error:
        return error.code == "ledger_lock_lost"
    return False


@pytest.fixture
def network(server: Server) -> Iterator[Proxy]:
    """A network that can be cut."""
    with proxy(server.folder) as network:
        yield network


def held_by(world: World, server: Server) -> list[int]:
    """The server processes that hold the lock of the ledger's builder."""
    held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = ("
    held += "SELECT oid FROM pg_database WHERE datname = current_database())"
    return [pid for (pid,) in server.sql(held, database=database_of(world))]


def test_a_builder_whose_session_is_ended_takes_the_lock_again_and_continues(
    world: World, server: Server
) -> None:
    with builder(world.url) as ledger, ledger.builder_lock(run(), wait=False):
        ledger.add(Org("a@acme.example", "morning"))
        (before,) = held_by(world, server)
        server.sql(LOCKS, database=database_of(world))
        wait_until(lambda: held_by(world, server) not in ([], [before]))
        ledger.add(Org("b@acme.example", "morning"))
        with builder(world.url) as other, pytest.raises(BusyError, match="run run-1"):
            other.builder_lock(run("run-2"), wait=False).__enter__()
    assert not held_by(world, server)


def test_a_builder_whose_lock_another_has_taken_meanwhile_writes_nothing_more(
    world: World, server: Server
) -> None:
    slow = Brief(ping=1.0, deadline=60.0, timeout=120.0)
    with builder(world.url, slow) as ledger, ledger.builder_lock(run(), wait=False):
        ledger.add(Org("a@acme.example", "morning"))
        server.sql(LOCKS, database=database_of(world))
        with builder(world.url) as other, other.builder_lock(run("run-2"), wait=True):
            pass  # it has been builder, and has given the lock back
        wait_until(lambda: is_refused(ledger))
        error = refusal(ledger)
        assert error.code == "ledger_lock_lost"
        assert "this build has lost its lock on the ledger" in error.message
        assert error.hint == "run `provisioner build` again to resume"
        assert [org.username for org in ledger.orgs()] == ["a@acme.example"]


def test_a_builder_that_has_not_polled_yet_writes_nothing_once_another_took_over(
    world: World, server: Server
) -> None:
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), wait=False))
        old.add(Org("a@acme.example", "morning", builder_id="run-1"))
        server.sql(LOCKS, database=database_of(world))
        old.add(Org("b@acme.example", "morning", builder_id="run-1"))  # nobody else is there
        stack.enter_context(new.builder_lock(run("run-2"), wait=False))
        error = refusal(old)
        assert error.code == "ledger_lock_lost"
        assert "another build holds it now" in error.message
        assert len(new.adopt("run-2")) == 2


def test_nobody_takes_over_in_the_middle_of_a_builders_write(world: World, server: Server) -> None:
    """Else an intent could be committed after the new builder has read the intents."""
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), wait=False))
        transaction = stack.enter_context(ExitStack())
        transaction.enter_context(old._transaction(write=True))
        server.sql(LOCKS, database=database_of(world))
        entered = threading.Event()

        def enter() -> None:
            with new.builder_lock(run("run-2"), wait=True):
                entered.set()

        thread = threading.Thread(target=enter)
        thread.start()
        wait_until(lambda: bool(server.sql("SELECT 1 FROM pg_locks WHERE NOT granted")))
        assert not entered.is_set()
        transaction.close()
        thread.join(timeout=60)
        assert entered.is_set()


def test_a_builder_behind_a_cut_cable_stops_before_the_next_can_start(
    world: World, server: Server, network: Proxy
) -> None:
    url = world.url.replace(str(server.folder), str(network.folder))
    with builder(url, CUT) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), wait=False))
        lock = old._lock
        assert lock is not None
        network.is_frozen = True
        stack.callback(network.close)  # else the old one would wait for its answers
        messages: list[str] = []
        stack.enter_context(new.builder_lock(run("run-2"), wait=True, on_wait=messages.append))
        with pytest.raises(LedgerError, match="did not answer in time"):
            lock.verify()
        assert "run run-1 on build-host" in messages[0]
        assert messages[1].startswith("the previous build did not end cleanly (run ")


def test_a_builder_that_was_frozen_longer_than_the_deadline_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioner.ledger.postgresql import build_lock as postgresql_lock

    with builder(world.url, SLEEPY) as ledger, ledger.builder_lock(run(), wait=False):
        now = boot_time()
        monkeypatch.setattr(postgresql_lock, "boot_time", lambda: now + 3599)
        ledger.verify_lock()
        ledger.add(Org("a@acme.example", "morning"))
        monkeypatch.setattr(postgresql_lock, "boot_time", lambda: now + 3601)
        with pytest.raises(LedgerError, match="did not answer in time"):
            ledger.verify_lock()
        assert refusal(ledger).code == "ledger_lock_lost"
        monkeypatch.setattr(postgresql_lock, "boot_time", lambda: now)
        assert refusal(ledger).code == "ledger_lock_lost"  # for good


def test_a_lock_is_held_as_long_as_its_builder_pings(world: World, server: Server) -> None:
    """Longer than the server's time-out, after which a silent session ends."""
    with builder(world.url, KEPT) as ledger, ledger.builder_lock(run(), wait=False):
        lock = ledger._lock
        assert lock is not None
        end = time.monotonic() + KEPT.timeout + 1
        wait_until(lambda: time.monotonic() > end)
        lock.verify()
        with builder(world.url) as other, pytest.raises(BusyError, match="run run-1"):
            other.builder_lock(run("run-2"), wait=False).__enter__()


def test_after_a_builder_that_may_still_live_the_next_waits_for_its_last_call(
    world: World, server: Server
) -> None:
    messages: list[str] = []
    with builder(world.url, SLEEPY) as old, builder(world.url) as new, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), wait=False))
        server.sql(LOCKS, database=database_of(world))
        started = time.monotonic()
        with new.builder_lock(run("run-2"), wait=False, on_wait=messages.append):
            assert time.monotonic() - started >= QUICK.grace
    assert len(messages) == 1
    assert messages[0].startswith("the previous build did not end cleanly (run run-1 on ")
    assert messages[0].endswith("seconds, until its last requests have certainly ended")


def test_a_builder_of_another_machine_is_never_taken_for_dead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = world.start("builder.py", "run-1")
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "holding"
    process.kill()
    process.communicate(timeout=60)
    monkeypatch.setattr(postgresql_holder, "kernel_of_this_process", lambda: "another boot")
    messages: list[str] = []
    with (
        builder(world.url) as ledger,
        ledger.builder_lock(run(), wait=True, on_wait=messages.append),
    ):
        pass
    assert messages[-1].startswith("the previous build did not end cleanly (run ")


def test_a_builder_that_ends_well_leaves_nothing_to_wait_for(world: World, server: Server) -> None:
    with builder(world.url) as ledger:
        for name in ("run-1", "run-2"):
            with ledger.builder_lock(run(name), wait=False, on_wait=pytest.fail):
                row = "SELECT value FROM meta WHERE key = 'builder'"
                ((text,),) = server.sql(row, database=database_of(world))
                assert json.loads(text)["run"] == name
        assert server.sql(row, database=database_of(world)) == []


def test_claims_continue_while_a_builder_that_lost_its_lock_is_refused(
    world: World, server: Server
) -> None:
    with builder(world.url, SLEEPY) as old, ExitStack() as stack:
        stack.enter_context(old.builder_lock(run("run-1"), wait=False))
        add_available(old, "a@acme.example")
        server.sql(LOCKS, database=database_of(world))
        assert world.open().claim(Claim("ann"), now=NOW) is not None


def test_two_schemas_of_one_database_have_a_builder_each(server: Server, database: str) -> None:
    server.sql("CREATE SCHEMA one", "CREATE SCHEMA two", database=database)
    urls = [server.url(database, options=f"-csearch_path={name}") for name in ("one", "two")]
    with builder(urls[0]) as first, builder(urls[1]) as second, ExitStack() as stack:
        stack.enter_context(first.builder_lock(run("run-1"), wait=False))
        stack.enter_context(second.builder_lock(run("run-2"), wait=False))
    server.sql("DROP SCHEMA one CASCADE", "DROP SCHEMA two CASCADE", database=database)


def test_the_times_let_the_builder_stop_before_the_server_lets_go(tmp_path: Path) -> None:
    times = Times()
    assert times.ping * 2 < times.deadline < times.timeout
    assert times.grace >= times.deadline + times.late_call
    from provisioner.salesforce.bounded import Limits
    from provisioner.salesforce.http_client import CONNECT_TIMEOUT

    assert times.late_call >= CONNECT_TIMEOUT + Limits().answer

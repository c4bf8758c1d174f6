"""Waiting claims are woken by the server and do not poll; real processes wait, end and freeze.

Their polls are an hour apart (`waiting_claimer.py`), so a claim that ends was woken.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from provisioner.claim.rules import claim, release
from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.ledger.postgresql import listener
from provisioner.ledger.rows import utc_now
from tests.ledger import postgresql_server
from tests.ledger.storm import add_claimable
from tests.ledger.world import World

LOCKS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)
LONG = timedelta(minutes=2)
Wait = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def wait(world: World) -> Iterator[Wait]:
    """Starts a process that waits, and returns when it has its place and its session."""
    started: list[subprocess.Popen[str]] = []

    def start(owner: str, pool: str = "morning", *timeout: str) -> subprocess.Popen[str]:
        before = listening(world)
        process = world.start("waiting_claimer.py", owner, pool, *timeout)
        started.append(process)
        until(lambda: listening(world) == before + 1 and owner in waiting(world))
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process causes."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def rare_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a notification, or the end of the session, ends a wait of this process in time."""
    for name in ("POLL_EVERY", "AGAIN_AFTER", "SESSION_TIMEOUT"):
        monkeypatch.setattr(listener, name, 3600.0)


def database_of(world: World) -> str:
    return world.url.removeprefix("postgresql:///").partition("?")[0]


def sql(world: World, statement: str) -> list[tuple[Any, ...]]:
    return postgresql_server.shared().sql(statement, database=database_of(world))


def listening(world: World) -> int:
    """How many sessions of waiting claims there are."""
    return len(sql(world, LOCKS))


def waiting(world: World) -> list[str]:
    ledger = world.open()
    found = [waiter.claim.owner for waiter in ledger.waiters()]
    ledger.close()
    return found


def answer(process: subprocess.Popen[str]) -> list[str]:
    """What the process has claimed, for whom, and how often it read the rows."""
    out, err = process.communicate(timeout=60)
    assert err == ""
    return out.split()


def add(world: World, name: str) -> Ledger:
    ledger = world.open()
    add_claimable(ledger, f"{name}@acme.example", utc_now())
    return ledger


def test_a_waiting_claim_is_woken_by_a_release_and_does_not_poll(world: World, wait: Wait) -> None:
    """It reads the rows when it comes, when it has its place, and when it is woken."""
    ledger = add(world, "a")
    org = ledger.claim(Claim("bob"), now=utc_now())
    assert org is not None
    process = wait("ann")
    for number in range(5):  # not for ann
        other = Org(f"{number}@acme.example", "evening", State.AVAILABLE)
        assert ledger.restore(other, note="")
    release(ledger, org.username, owner="bob", reuse=True, reusable=["morning"])
    assert answer(process) == ["a@acme.example", "ann", "3"]


def test_a_killed_claim_does_not_block_those_behind_it(world: World, wait: Wait) -> None:
    first, second = wait("ann"), wait("bob")
    first.kill()
    until(lambda: listening(world) == 1)
    add(world, "a")
    assert answer(second)[:2] == ["a@acme.example", "bob"]


def test_a_claim_is_woken_when_one_before_it_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare_polls(monkeypatch)
    ledger, other = world.open(), world.open()
    assert other.claim(Claim("ann", waiter="place"), now=utc_now()) is None
    take, refused = ledger.claim, list[Claim]()

    def noted(claim: Claim, *, now: datetime) -> Org | None:
        org = take(claim, now=now)
        refused.extend([] if org else [claim])
        return org

    monkeypatch.setattr(ledger, "claim", noted)
    with ThreadPoolExecutor(1) as threads:
        served = threads.submit(claim, ledger, owner="bob", wait=LONG)
        until(lambda: len(refused) == 2)  # before it has a place, and with it
        add(world, "a")
        until(lambda: len(refused) == 3)
        other.leave("place")
        assert served.result(timeout=60).owner == "bob"


def test_a_frozen_claim_is_skipped_and_has_its_old_place_when_it_continues(
    world: World, wait: Wait
) -> None:
    """The server ends its session; then it does not count as alive."""
    first, second, third = wait("ann", "morning", "2"), wait("bob"), wait("eve")
    first.send_signal(signal.SIGSTOP)
    until(lambda: listening(world) == 2)
    assert waiting(world) == ["bob", "eve"]
    add(world, "a")
    assert answer(second)[:2] == ["a@acme.example", "bob"]
    first.send_signal(signal.SIGCONT)
    until(lambda: waiting(world) == ["ann", "eve"])
    add(world, "b")
    assert answer(first)[:2] == ["b@acme.example", "ann"]
    assert third.poll() is None


def test_a_waiting_claim_whose_session_is_ended_opens_another_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a restart of the server or an administrator ends it."""
    rare_polls(monkeypatch)
    ledger = world.open()
    with ThreadPoolExecutor(1) as threads:
        served = threads.submit(claim, ledger, owner="ann", wait=LONG)
        until(lambda: listening(world) == 1)
        [(ended,)] = sql(world, f"SELECT pid FROM ({LOCKS}) AS locks")
        sql(world, f"SELECT pg_terminate_backend({ended}, 5000)")
        until(lambda: sql(world, f"SELECT pid <> {ended} FROM ({LOCKS}) AS locks") == [(True,)])
        add(world, "a")
        assert served.result(timeout=60).username == "a@acme.example"
    assert listening(world) == 0

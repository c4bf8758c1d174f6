"""`claim --wait` is a queue: first come, first served, and exit 3 says when the next is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.claim.estimate import estimate_text, next_available
from provisioner.claim.rules import claim
from provisioner.errors import LedgerError, NoOrgError
from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.ledger.queue import Polling
from provisioner.ledger.rows import utc_now
from provisioner.ledger.sql.ledger import SqlLedger

from .conftest import Call, add

LONG = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting claims poll often, and are never regarded as ended."""
    monkeypatch.setattr(SqlLedger, "polling", Polling(poll_every=0.01, abandoned_after=300.0))


def wait_until(condition: Callable[[], bool]) -> None:
    """Another thread will bring it about."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


def in_line(ledger: Ledger) -> list[str]:
    return [waiter.claim.owner for waiter in ledger.waiters()]


def test_who_waits_is_served_in_the_order_in_which_they_came(ledger: Ledger) -> None:
    owners = [f"owner-{number}" for number in range(6)]
    served: list[str] = []
    with ThreadPoolExecutor(len(owners)) as threads:
        waiting: list[Future[Org]] = []
        for number, owner in enumerate(owners, 1):
            waiting.append(threads.submit(claim, ledger, owner=owner, wait=LONG))
            wait_until(lambda number=number: len(in_line(ledger)) == number)  # type: ignore[misc]
        for number, owner in enumerate(owners):
            add(ledger, f"org-{number}")
            served.append(waiting[number].result(timeout=60).owner)
            assert [one.done() for one in waiting[number + 1 :]].count(True) == 0, owner
    assert served == owners
    assert in_line(ledger) == []


def test_a_claim_that_does_not_wait_is_served_after_waiting_claims(ledger: Ledger) -> None:
    ledger.claim(Claim("ann", "morning", waiter="place"), now=utc_now())
    org = add(ledger, "a")
    with pytest.raises(NoOrgError) as caught:
        claim(ledger, owner="bob", pool="morning", pools=["morning"])
    assert caught.value.message == (
        "no scratch org is available in the pool morning: 1 available; 1 waiting before you"
    )
    with pytest.raises(NoOrgError, match="earlier waiting claims are served first"):
        claim(ledger, owner="bob", username=org.username)


def test_status_tells_how_many_wait(ledger: Ledger, call: Call) -> None:
    for owner, pool in (("ann", "morning"), ("bob", ""), ("eve", "evening")):
        ledger.claim(Claim(owner, pool, waiter=f"place of {owner}"), now=utc_now())
    lines = call("status").out.splitlines()
    assert lines[0].startswith("morning: 2 wanted; 0 available, 0 claimed, 0 building")
    assert [line.endswith("; waiting claims: 2") for line in lines if "wanted" in line] == [
        True,
        True,
    ]


def test_waiting_in_vain_leaves_the_queue(ledger: Ledger) -> None:
    with pytest.raises(NoOrgError):
        claim(ledger, owner="ann", wait=timedelta(milliseconds=30))
    assert ledger.waiters() == []


def test_an_interrupted_wait_leaves_the_queue(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        assert in_line(ledger) == ["ann"]
        raise KeyboardInterrupt

    monkeypatch.setattr("provisioner.ledger.queue.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        claim(ledger, owner="ann", wait=LONG)
    assert ledger.waiters() == []


def test_a_claim_counts_though_the_place_cannot_be_given_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Ledger, _waiter: str) -> None:
        raise LedgerError("gone away")

    monkeypatch.setattr(SqlLedger, "leave", fail)
    messages = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(
            claim, ledger, owner="ann", wait=LONG, on_wait=lambda _why: messages.set()
        )
        assert messages.wait(timeout=60)
        add(ledger, "a")
        assert waiting.result(timeout=60).owner == "ann"


def test_who_was_given_a_dead_org_keeps_the_place(ledger: Ledger) -> None:
    """A deleted org is quarantined while two claims wait; the first gets the next active org."""

    def verify(org: Org) -> Org | None:
        if org.username.startswith("dead"):
            ledger.move(org, State.EXPIRED)
            return None
        return org

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(claim, ledger, owner="first", wait=LONG, verify=verify)
        wait_until(lambda: in_line(ledger) == ["first"])
        second = threads.submit(claim, ledger, owner="second", wait=LONG, verify=verify)
        wait_until(lambda: in_line(ledger) == ["first", "second"])
        add(ledger, "dead")
        wait_until(lambda: bool(ledger.orgs(states=[State.EXPIRED])))
        add(ledger, "alive")
        assert first.result(timeout=60).username == "alive@acme.example"
        add(ledger, "later")
        assert second.result(timeout=60).username == "later@acme.example"


def test_the_error_says_when_the_next_org_is_expected(ledger: Ledger, call: Call) -> None:
    built = add(ledger, "built", created_at=utc_now() - 3 * LONG, available_at=utc_now() - LONG)
    assert built.created_at is not None
    claim(ledger, owner="bob", pool="morning")
    add(ledger, "coming", State.BUILDING)
    answer = call("claim", "--pool", "morning", "--json")
    assert answer.code == 3
    due = utc_now() + 2 * LONG
    assert answer.error["message"].startswith(
        "no scratch org is available in the pool morning: 1 building, 1 claimed; "
        "the next is expected about "
    )
    assert answer.error["message"].endswith(("UTC, in 10m", "UTC, in 9m"))
    assert f"{due:%H:}" in answer.error["message"] or due.minute < 2


def test_the_next_is_due_by_how_long_the_others_took_and_how_many_wait() -> None:
    now = utc_now()

    def org(began: float, took: float | None) -> Org:
        created = now + timedelta(minutes=began)
        done = None if took is None else created + timedelta(minutes=took)
        state = State.BUILDING if took is None else State.AVAILABLE
        return Org("a", "p", state, created_at=created, available_at=done)

    coming = [org(-2, None), org(-7, None), org(-60, None)]
    took = [org(-500, 9), org(-500, 10), org(-500, 300)]
    assert next_available(coming, now, after=0) is None
    assert next_available(took, now, after=0) is None
    minutes = timedelta(minutes=1)
    assert [next_available(coming + took, now, after=n) for n in range(4)] == [
        now,
        now + 3 * minutes,
        now + 8 * minutes,
        None,
    ]
    middle_of_five = [org(-500, minutes) for minutes in (5, 6, 10, 300, 300)]
    assert next_available([*coming, *middle_of_five], now, after=1) == now + 3 * minutes


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(), "any minute"),
        (timedelta(seconds=59), "any minute"),
        (timedelta(minutes=1), "about 02:01 UTC, in 1m"),
        (timedelta(seconds=119), "about 02:01 UTC, in 2m"),
        (timedelta(minutes=61), "about 03:01 UTC, in 1h1m"),
        (timedelta(hours=2), "about 04:00 UTC, in 2h"),
    ],
)
def test_the_time_left_is_given_in_whole_minutes(left: timedelta, expected: str) -> None:
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert estimate_text(now + left, now) == expected


def test_the_time_when_the_next_is_due_counts_those_who_wait(ledger: Ledger, call: Call) -> None:
    built = add(ledger, "built", created_at=utc_now() - 3 * LONG, available_at=utc_now() - LONG)
    claim(ledger, owner="bob", username=built.username)
    add(ledger, "first", State.BUILDING)
    ledger.claim(Claim("ann", waiter="place"), now=utc_now())
    message = call("claim", "--pool", "morning", "--json").error["message"]
    assert message == (
        "no scratch org is available in the pool morning: 1 building, 1 claimed; "
        "1 waiting before you"
    )
    ledger.leave("place")
    message = call("claim", "--pool", "morning", "--json").error["message"]
    assert "; the next is expected about " in message


def test_a_named_org_that_is_being_built_is_waited_for(ledger: Ledger) -> None:
    coming = add(ledger, "a", State.BUILDING)
    messages: list[str] = []

    def finish(why: str) -> None:
        messages.append(why)
        assert ledger.move(coming, State.AVAILABLE) is not None

    org = claim(ledger, owner="ann", username=coming.username, wait=LONG, on_wait=finish)
    assert (org.username, org.owner) == (coming.username, "ann")
    assert messages == ["a@acme.example is not available yet (state: building)"]


def test_a_named_org_that_others_wait_for_is_waited_for_behind_them(ledger: Ledger) -> None:
    ledger.claim(Claim("ann", waiter="place"), now=utc_now())
    free = add(ledger, "a")
    messages: list[str] = []

    def ann_leaves(why: str) -> None:
        messages.append(why)
        ledger.leave("place")

    org = claim(ledger, owner="bob", username=free.username, wait=LONG, on_wait=ann_leaves)
    assert org.owner == "bob"
    assert messages == ["a@acme.example is available, but earlier waiting claims are served first"]


def test_who_finds_only_orgs_that_expire_too_soon_waits_for_a_fresh_one(ledger: Ledger) -> None:
    add(ledger, "old", life=timedelta(hours=3))

    def fresh(_why: str) -> None:
        add(ledger, "new")

    assert claim(ledger, owner="ann", wait=LONG, on_wait=fresh).username == "new@acme.example"


class Late:
    """A ledger whose first claim finds nothing; an org becomes available right after it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._is_first = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """Nothing, then as the ledger does."""
        if self._is_first:
            self._is_first = False
            add(self._ledger, "a")
            return None
        return self._ledger.claim(claim, now=now)


def test_an_org_that_became_available_right_after_the_claim_is_named(ledger: Ledger) -> None:
    with pytest.raises(NoOrgError, match="a scratch org has just become available") as caught:
        claim(Late(ledger), owner="ann")  # type: ignore[arg-type]
    assert caught.value.hint == "repeat the claim"


def test_an_org_that_became_available_right_after_the_claim_is_given_to_who_waits(
    ledger: Ledger,
) -> None:
    assert claim(Late(ledger), owner="ann", wait=LONG).owner == "ann"  # type: ignore[arg-type]

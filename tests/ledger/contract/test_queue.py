"""Every ledger serves those who wait in the order in which they came, and passes over the gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.ledger.base import Claim, Ledger, Org
from provisioner.ledger.devhub import queue as devhub_queue
from provisioner.ledger.queue import Polling
from provisioner.ledger.sql.ledger import SqlLedger
from tests.ledger.world import NOW, World, add_available

HOUR = timedelta(hours=1)
ANN, BOB, EVE = (
    Claim("ann", waiter="place-of-ann"),
    Claim("bob", waiter="place-of-bob"),
    Claim("eve"),  # does not wait
)


@pytest.fixture
def everybody_is_gone(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the last poll of every place that was taken so far a long time ago."""

    def set_poll_interval() -> None:
        polling = Polling(poll_every=0.01, abandoned_after=-1.0)
        monkeypatch.setattr(SqlLedger, "polling", polling)
        monkeypatch.setattr(devhub_queue, "POLLING", polling)

    return set_poll_interval


def join(ledger: Ledger, *claims: Claim) -> None:
    """Wait for an org when there is none."""
    for claim in claims:
        assert ledger.claim(claim, now=NOW) is None


def owner(org: Org | None) -> str:
    return org.owner if org else "nobody"


def test_who_came_first_is_served_first(ledger: Ledger) -> None:
    join(ledger, ANN, BOB)
    add_available(ledger, "a@acme.example")
    assert ledger.claim(BOB, now=NOW) is None
    assert owner(ledger.claim(ANN, now=NOW)) == "ann"
    ledger.leave(ANN.waiter)
    assert ledger.claim(BOB, now=NOW) is None
    add_available(ledger, "b@acme.example")
    assert owner(ledger.claim(BOB, now=NOW)) == "bob"


def test_who_does_not_wait_gets_what_those_who_wait_leave(ledger: Ledger) -> None:
    join(ledger, ANN)
    add_available(ledger, "soon@acme.example", life=20 * HOUR)
    assert ledger.claim(EVE, now=NOW) is None
    add_available(ledger, "late@acme.example", life=30 * HOUR)
    org = ledger.claim(EVE, now=NOW)
    assert org is not None
    assert org.username == "late@acme.example"
    org = ledger.claim(ANN, now=NOW)
    assert org is not None
    assert org.username == "soon@acme.example"


def test_an_org_that_somebody_waits_for_cannot_be_had_by_its_name(ledger: Ledger) -> None:
    join(ledger, ANN)
    add_available(ledger, "a@acme.example")
    named = Claim("eve", username="a@acme.example")
    assert ledger.claim(named, now=NOW) is None
    ledger.leave(ANN.waiter)
    assert owner(ledger.claim(named, now=NOW)) == "eve"


@pytest.mark.parametrize(
    "wish",
    [
        Claim("ann", "evening", waiter="place"),
        Claim("ann", username="other@acme.example", waiter="place"),
        Claim("ann", usable_until=NOW + 90 * HOUR, waiter="place"),
    ],
    ids=["another pool", "another org", "a longer life"],
)
def test_who_waits_for_something_else_is_in_nobodys_way(ledger: Ledger, wish: Claim) -> None:
    join(ledger, wish)
    add_available(ledger, "a@acme.example")
    assert owner(ledger.claim(EVE, now=NOW)) == "eve"


def test_who_waits_for_any_pool_is_before_who_comes_later_for_one(ledger: Ledger) -> None:
    join(ledger, ANN)
    add_available(ledger, "a@acme.example", pool="evening")
    assert ledger.claim(Claim("eve", "evening"), now=NOW) is None
    add_available(ledger, "b@acme.example", pool="morning", life=20 * HOUR)
    assert owner(ledger.claim(Claim("eve", "evening"), now=NOW)) == "eve"


def test_a_key_that_holds_an_org_gives_it_whoever_waits(ledger: Ledger) -> None:
    add_available(ledger, "a@acme.example")
    keyed = Claim("eve", idempotency_key="job-1")
    first = ledger.claim(keyed, now=NOW)
    join(ledger, ANN)
    assert ledger.claim(keyed, now=NOW) == first


def test_who_has_gone_is_passed_over_and_has_the_old_place_when_they_come_back(
    ledger: Ledger,
    everybody_is_gone: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join(ledger, ANN, BOB)
    with monkeypatch.context():
        everybody_is_gone()
        assert ledger.waiters() == []
        add_available(ledger, "a@acme.example")
        assert owner(ledger.claim(EVE, now=NOW)) == "eve"
        monkeypatch.undo()
    assert [waiter.claim.owner for waiter in ledger.waiters()] == ["ann", "bob"]
    add_available(ledger, "b@acme.example")
    assert ledger.claim(BOB, now=NOW) is None


def test_waiting_claims_are_listed_in_order_with_what_they_want(world: World) -> None:
    ledger, other = world.open(), world.open()
    wanted = Claim("ann\n'quoted'", "morning", usable_until=NOW + 5 * HOUR, waiter="first")
    join(ledger, wanted)
    join(other, Claim("bob", username="o'hara@acme.example", waiter="second"))
    first, second = other.waiters()
    assert (first.id, first.claim) == ("first", wanted)
    assert second.claim == Claim("bob", username="o'hara@acme.example", waiter="second")
    assert first.since <= second.since


def test_a_place_can_be_given_up_twice(ledger: Ledger) -> None:
    join(ledger, ANN)
    ledger.leave(ANN.waiter)
    ledger.leave(ANN.waiter)
    assert ledger.waiters() == []

"""All builds of a Dev Hub together keep within its limits: intents are counted from rows."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from provisioner.ledger.base import TO_DELETE, Ledger, Org, State
from provisioner.ledger.hub_counts import ACTIVE, CONCURRENT, DAILY, Caps, Left, Shortage
from provisioner.ledger.sql.ledger import SqlLedger
from provisioner.ledger.sql.schema import Execute
from tests.ledger.world import NOW, World, moved

HUB = "00D0000000000HUB01"
MANY = Caps(100)


def org(name: str, *, pool: str = "morning", run: str = "run-1", hub: str = HUB) -> Org:
    """A new org."""
    at = NOW
    return Org(f"{name}@acme.example", pool, builder_id=run, run=run, hub=hub, step_since=at)


def intended(ledger: Ledger, *names: str, caps: Caps = MANY) -> list[Org]:
    """Intents that no limit forbids."""
    orgs = [org(name) for name in names]
    assert [ledger.intend(one, caps) for one in orgs] == [None] * len(orgs)
    return orgs


def sent(ledger: Ledger, *names: str) -> list[Org]:
    """Intents whose sign-ups were acknowledged."""
    return [acknowledged(ledger, one) for one in intended(ledger, *names)]


def acknowledged(ledger: Ledger, one: Org) -> Org:
    """The Dev Hub has answered with the id of the sign-up."""
    return moved(ledger, one, State.SIGNING_UP, signup_id=f"2SR{one.username[:4]:0<15}")


def read(ledger: Ledger, *, daily: int = 100, active: int = 100) -> None:
    """A build reads the limits while no sign-up is being sent."""
    ledger.record_reading(ledger.start_reading(HUB), daily=daily, active=active)


def ended(ledger: Ledger, one: Org, *, org_id: str = "") -> Org:
    """A row whose org is deleted."""
    return moved(ledger, moved(ledger, one, State.FAILED), State.DELETED)


def test_sign_ups_in_progress_are_bounded(ledger: Ledger) -> None:
    first, second = intended(ledger, "a", "b", caps=Caps(2))
    assert ledger.intend(org("c"), Caps(2)) == Shortage(CONCURRENT)
    assert ledger.get("c@acme.example") is None
    second = acknowledged(ledger, second)
    assert ledger.intend(org("c"), Caps(2)) == Shortage(CONCURRENT), "a sent one is in progress"
    moved(ledger, second, State.BUILDING)
    assert ledger.intend(org("c"), Caps(2)) is None
    ended(ledger, first)
    assert ledger.intend(org("d"), Caps(2)) is None


def test_an_intent_is_a_row_with_its_event(ledger: Ledger) -> None:
    (one,) = intended(ledger, "a")
    assert ledger.get(one.username) == one
    (event,) = ledger.events(username=one.username)
    assert (event.from_state, event.to_state, event.run) == ("", "intended", "run-1")
    with pytest.raises(ValueError, match=r"has a row for a@acme\.example already"):
        ledger.intend(one, MANY)


def test_sign_ups_that_a_dead_build_left_count(world: World) -> None:
    intended(world.open(), "a", "b")
    later = world.open()
    assert later.intend(org("c", run="run-2"), Caps(2)) == Shortage(CONCURRENT)


def test_a_sign_up_that_must_have_ended_is_not_in_progress(ledger: Ledger) -> None:
    intended(ledger, "a", "b")
    assert ledger.intend(org("c"), Caps(2, since=NOW)) == Shortage(CONCURRENT)
    assert ledger.intend(org("c"), Caps(2, since=NOW + timedelta(hours=1))) is None


def test_the_daily_allowance_is_spent_by_each_sign_up_once(ledger: Ledger) -> None:
    read(ledger, daily=3)
    first, _ = intended(ledger, "a", "b")
    assert ledger.left(HUB, ["morning"]).daily == 1
    moved(ledger, acknowledged(ledger, first), State.BUILDING)
    assert ledger.left(HUB, ["morning"]).daily == 1
    intended(ledger, "c")
    assert ledger.intend(org("d"), MANY) == Shortage(DAILY)


def test_the_share_of_people_is_left_to_them(ledger: Ledger) -> None:
    read(ledger, daily=9, active=3)
    intended(ledger, "a")
    assert ledger.intend(org("b"), Caps(9, keep_daily=8)) == Shortage(DAILY)
    assert ledger.intend(org("b"), Caps(9, keep_active=2)) == Shortage(ACTIVE)
    assert ledger.intend(org("b"), Caps(9, keep_active=1)) is None


def test_a_build_that_cannot_read_the_limits_is_bounded_by_sign_ups_in_progress(
    ledger: Ledger,
) -> None:
    read(ledger, daily=0, active=0)
    assert ledger.intend(org("a"), MANY) == Shortage(DAILY)
    intended(ledger, "a", caps=Caps(1, is_bounded=False))
    assert ledger.intend(org("b"), Caps(1, is_bounded=False)) == Shortage(CONCURRENT)


def test_a_refused_sign_up_gives_back_what_it_has_not_spent(ledger: Ledger) -> None:
    read(ledger, daily=1, active=1)
    (refused,) = intended(ledger, "a")
    ended(ledger, refused)
    (failed,) = sent(ledger, "b")
    ended(ledger, failed)
    assert ledger.intend(org("c"), MANY) == Shortage(DAILY), "the second one was received"
    assert ledger.left(HUB, ["morning"]).active == 1


def test_a_sign_up_that_the_reading_contains_is_not_counted_again(ledger: Ledger) -> None:
    sent(ledger, "a", "b")
    read(ledger, daily=3, active=3)
    assert ledger.left(HUB, ["morning"]) == Left(3, 3)


def test_a_sign_up_that_was_being_sent_is_subtracted_and_said_to_be_uncertain(
    ledger: Ledger,
) -> None:
    (one,) = intended(ledger, "a")
    reading = ledger.start_reading(HUB)
    assert reading.unconfirmed == ("a@acme.example",)
    one = acknowledged(ledger, one)
    ledger.record_reading(reading, daily=1, active=1)
    assert ledger.left(HUB, ["morning"]) == Left(0, 0, uncertain=1)
    assert ledger.intend(org("b"), MANY) == Shortage(DAILY, is_certain=False)
    read(ledger, daily=0, active=0)
    assert ledger.intend(org("b"), MANY) == Shortage(DAILY)


def test_a_sign_up_of_a_dead_build_that_the_dev_hub_has_is_counted_once(ledger: Ledger) -> None:
    intended(ledger, "dead", "never")
    reading = ledger.start_reading(HUB)
    ledger.record_reading(reading, daily=5, active=5, known=["dead@acme.example"])
    assert ledger.left(HUB, ["morning"]) == Left(4, 4, uncertain=1)


def test_a_sign_up_after_the_start_of_a_reading_is_subtracted(ledger: Ledger) -> None:
    reading = ledger.start_reading(HUB)
    sent(ledger, "a")
    ledger.record_reading(reading, daily=5, active=5)
    assert ledger.left(HUB, ["morning"]) == Left(4, 4)


def test_an_older_reading_does_not_replace_a_newer_one(ledger: Ledger) -> None:
    older = ledger.start_reading(HUB)
    sent(ledger, "a")
    read(ledger, daily=5, active=5)
    ledger.record_reading(older, daily=6, active=6)
    assert ledger.left(HUB, ["morning"]) == Left(5, 5)


def test_a_deleted_org_leaves_its_slot_to_all(ledger: Ledger) -> None:
    (one,) = sent(ledger, "a")
    read(ledger, active=0)
    assert ledger.intend(org("b", pool="noon"), MANY) == Shortage(ACTIVE)
    failed = moved(ledger, one, State.FAILED)
    assert ledger.intend(org("b", pool="noon"), MANY) == Shortage(ACTIVE), "it still exists"
    moved(ledger, failed, State.DELETED)
    assert ledger.intend(org("b", pool="noon"), MANY) is None
    assert ledger.intend(org("c", pool="noon"), MANY) == Shortage(ACTIVE)


def test_the_slot_of_an_org_that_may_have_been_deleted_before_the_reading_waits_for_the_next(
    ledger: Ledger,
) -> None:
    for number, state in enumerate([*sorted(TO_DELETE), State.CLAIMED]):
        read(ledger)
        (one,) = sent(ledger, f"a{number}")
        if state in (State.CLAIMED, State.RELEASED):
            one = moved(ledger, moved(ledger, one, State.BUILDING), State.AVAILABLE)
        one = moved(ledger, one, state)
        read(ledger, active=0)
        for to in (State.RELEASED, State.DELETED) if state is State.CLAIMED else (State.DELETED,):
            one = moved(ledger, one, to)
        assert ledger.intend(org("b"), MANY) == Shortage(ACTIVE, is_certain=False), state
        read(ledger, active=1)
        sent(ledger, f"b{number}")


def test_each_dev_hub_has_its_own_counts(ledger: Ledger, world: World) -> None:
    if world.url.startswith("devhub"):
        pytest.skip("a Dev Hub has only its own rows")
    read(ledger, daily=0)
    sent_elsewhere = org("a", hub="00D0000000000HUB02")
    assert ledger.intend(sent_elsewhere, Caps(1)) is None
    assert ledger.intend(org("b"), Caps(1)) == Shortage(DAILY)
    assert ledger.intend(replace(sent_elsewhere, username="c@x.example"), Caps(1)) == Shortage(
        CONCURRENT
    )


def test_rows_of_earlier_versions_count_for_each_dev_hub(ledger: Ledger) -> None:
    ledger.add(org("a", hub=""))
    assert ledger.intend(org("b"), Caps(1)) == Shortage(CONCURRENT)


def test_a_slot_that_is_held_is_left_to_its_pool(ledger: Ledger, world: World) -> None:
    if world.url.startswith("devhub"):
        pytest.skip("one build at a time")
    (one,) = sent(ledger, "a")
    read(ledger, active=0)
    ledger.hold([one], ledger.now() + timedelta(hours=1))
    assert ledger.left(HUB, ["morning"]).active == 0
    ended(ledger, one)
    assert ledger.intend(org("b", pool="noon"), MANY) == Shortage(ACTIVE)
    assert ledger.left(HUB, ["noon"]).active == 0
    assert ledger.left(HUB, ["morning", "noon"]).active == 1
    read(ledger, active=1)
    assert ledger.intend(org("b", pool="noon"), MANY) == Shortage(ACTIVE)
    assert ledger.intend(org("b"), MANY) is None
    assert ledger.intend(org("c"), MANY) == Shortage(ACTIVE)


@pytest.mark.parametrize("hours", [0, 1])
def test_a_slot_is_held_until_its_build_or_its_time_ends(
    ledger: Ledger, world: World, hours: int
) -> None:
    if world.url.startswith("devhub"):
        pytest.skip("one build at a time")
    (one,) = sent(ledger, "a")
    read(ledger, active=0)
    ledger.hold([one], ledger.now() + timedelta(hours=hours))
    ended(ledger, one)
    if hours:
        ledger.release_slots(["morning"])
    assert ledger.intend(org("b", pool="noon"), MANY) is None


def test_two_builds_that_count_at_once_do_not_both_get_the_last_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one counts only when the first one has inserted its row."""
    if world.url.startswith("devhub"):
        pytest.skip("one build at a time")
    first, second = world.open(), world.open()
    read(first)
    insert, answers = SqlLedger._insert, []
    other = Thread(target=lambda: answers.append(second.intend(org("b"), Caps(1))))

    def inserted(ledger: SqlLedger, execute: Execute, row: Org) -> None:
        if row.username.startswith("a"):
            other.start()
            other.join(0.3)  # without a lock, it would be here before us
        insert(ledger, execute, row)

    monkeypatch.setattr(SqlLedger, "_insert", inserted)
    assert first.intend(org("a"), Caps(1)) is None
    other.join()
    assert answers == [Shortage(CONCURRENT)]


def test_threads_of_one_build_do_not_both_get_the_last_place(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as threads:
        orgs = [org(name) for name in "abcdefgh"]
        answers = list(threads.map(lambda one: ledger.intend(one, Caps(3)), orgs))
    assert Counter(answers) == {None: 3, Shortage(CONCURRENT): 5}


def test_a_builder_with_few_sign_ups_does_not_wait_for_the_end_of_one_with_many(
    ledger: Ledger, world: World
) -> None:
    """The next place is for the one that waits, and has fewer in progress."""
    if world.url.startswith("devhub"):
        pytest.skip("one build at a time")
    caps = Caps(3)
    many = [acknowledged(ledger, one) for one in intended(ledger, "a", "b", "c", caps=caps)]
    assert ledger.intend(org("x", run="run-2"), caps) == Shortage(CONCURRENT)
    moved(ledger, many[0], State.BUILDING)
    assert ledger.intend(org("d"), caps) == Shortage(CONCURRENT), "it is the turn of run-2"
    assert ledger.intend(org("x", run="run-2"), caps) is None
    moved(ledger, many[1], State.BUILDING)
    assert ledger.intend(org("y", run="run-2"), caps) is None, "both have one"
    assert ledger.intend(org("d"), caps) == Shortage(CONCURRENT)

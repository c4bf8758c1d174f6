"""Old history is removed from a ledger, but nothing that a build, a report or a claim needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.ledger.base import Event, Ledger, Org, State
from provisioner.ledger.past_orgs import Built
from provisioner.ledger.sql import history, statements
from tests.ledger.breaking import break_row
from tests.ledger.world import NOW, TO_AVAILABLE, World, add_available, bring, moved, run

ALL_OLD = timedelta(0)
DELETED = (*TO_AVAILABLE, State.RELEASED, State.DELETED)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A ledger on a database; that on the Dev Hub is in tests/ledger/devhub/test_tidying.py."""
    place = World.of(request.param, tmp_path)
    yield place
    place.close()


@pytest.fixture
def database(place: World) -> Ledger:
    """It, opened once."""
    return place.open()


def deleted(ledger: Ledger, name: str, *, states: Sequence[State] = DELETED, **values: Any) -> Org:
    """The row of an org that was available and is deleted."""
    return bring(ledger, Org(f"{name}@acme.example", "morning", **values), states)


def names(ledger: Ledger) -> list[str]:
    return [org.username.partition("@")[0] for org in ledger.orgs(states=State)]


# --- what is known of past orgs ----------------------------------------------------------------


def test_rows_are_found_by_username_in_any_state(ledger: Ledger) -> None:
    gone, there = deleted(ledger, "gone"), add_available(ledger, "there@acme.example")
    found = ledger.find(["there@acme.example", "never@acme.example", "gone@acme.example"])
    assert sorted(found, key=lambda org: org.username) == [gone, there]
    assert ledger.find([]) == []


def test_a_row_that_cannot_be_read_is_reported_and_not_found(world: World, ledger: Ledger) -> None:
    add_available(ledger, "broken@acme.example")
    break_row(world, "broken@acme.example", "state", "vanished")
    assert ledger.find(["broken@acme.example"]) == []
    assert [row.username for row in ledger.broken()] == ["broken@acme.example"]


def test_the_pools_of_deleted_orgs_are_known(ledger: Ledger) -> None:
    deleted(ledger, "gone")
    ledger.add(Org("new@acme.example", "evening"))
    assert ledger.pools() == {"morning", "evening"}


def test_what_orgs_were_built_with_is_known_after_they_are_deleted(ledger: Ledger) -> None:
    for name, content in {"a": "one", "b": "one", "c": "two"}.items():
        org = deleted(ledger, name, states=TO_AVAILABLE[:2], fingerprint=content, consumer_key=name)
        is_verified = name == "a"
        moved(
            ledger, org, State.FAILED, snapshot=content, available_at=NOW if is_verified else None
        )
    past = ledger.past_orgs("a")
    assert past.verified == {Built("one", "one")}
    assert past.snapshots == {"one", "two"}
    assert past.verified_snapshots == {"one"}
    assert past.has_verified_key
    assert not ledger.past_orgs("b").has_verified_key
    assert not ledger.past_orgs().has_verified_key


# --- what is removed ---------------------------------------------------------------------------


def test_without_keep_history_young_history_stays(ledger: Ledger) -> None:
    deleted(ledger, "gone")
    with ledger.builder_lock(run("run-1"), wait=False):
        ledger.prune(None)
    assert names(ledger) == ["gone"]
    assert len(ledger.events()) == 1 + len(DELETED)
    assert [one.id for one in ledger.runs()] == ["run-1"]


def test_a_deleted_org_goes_with_its_events_and_no_other_row_does(database: Ledger) -> None:
    deleted(database, "gone")
    for state in sorted(set(State) - {State.DELETED}):
        org = Org(f"{state.value}@acme.example", "morning", state)
        assert database.restore(org, note="")
    database.prune(ALL_OLD)
    assert database.find(["gone@acme.example"]) == []
    assert database.events(username="gone@acme.example") == []
    assert len(names(database)) == len(database.events()) == len(State) - 1


def test_events_of_no_org_go_by_their_own_age_and_others_stay(database: Ledger) -> None:
    org = add_available(database, "a@acme.example")
    for at in (NOW - timedelta(days=1), database.now()):
        database.note(Event(at, "", "", "access", "access", "ann"))
    later = Event(database.now() + timedelta(hours=1), "", "", "access", "access", "bob")
    database.note(later)
    database.prune(timedelta(minutes=30))
    assert len(database.events()) == 4 + 2
    deleted(database, "gone")
    database.prune(ALL_OLD)
    assert database.events()[4:] == [later]
    assert len(database.events(username=org.username)) == 4


def test_an_org_with_a_younger_event_stays(database: Ledger) -> None:
    org = deleted(database, "gone")
    database.prune(timedelta(hours=1))
    assert database.orgs(states=State) == [org]


def test_a_row_that_cannot_be_read_goes_as_well(place: World, database: Ledger) -> None:
    deleted(database, "gone")
    break_row(place, "gone@acme.example", "users", "[")
    database.prune(ALL_OLD)
    assert names(database) == []


def test_more_than_fits_into_a_transaction_goes_in_one_build(
    database: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        deleted(database, f"org-{number}")
    monkeypatch.setattr(statements, "BATCH", 2)
    monkeypatch.setattr(history, "_MOST_BATCHES", 2)
    database.prune(ALL_OLD)
    assert names(database) == ["org-4"]
    database.prune(ALL_OLD)
    assert (names(database), database.events()) == ([], [])


def test_the_newest_runs_and_those_that_measured_something_stay(
    database: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST_RUNS", 2)
    for number in range(9):
        summary = {"durations": {"morning": {"sign-up": [1.0]}} if number < 4 else {}}
        one = run(f"run-{number}", at=NOW + timedelta(hours=number))
        database.finish_run(replace(one, summary=summary))
    database.prune(ALL_OLD)
    assert [one.id for one in database.runs()] == ["run-8", "run-7", "run-3", "run-2"]


def test_a_run_that_signed_up_an_org_in_use_stays(
    database: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST_RUNS", 0)
    for name in ("run-1", "run-2"):
        database.finish_run(run(name))
    add_available(database, "a@acme.example")  # by run-1
    database.prune(ALL_OLD)
    assert [one.id for one in database.runs()] == ["run-1"]


def test_the_rows_and_events_of_a_run_that_stays_do_so_too(database: Ledger) -> None:
    org = deleted(database, "gone", builder_id="run-1", run="run-1")
    deleted(database, "older")
    events = database.events(username=org.username)
    database.finish_run(run("run-1"))
    database.prune(ALL_OLD)
    assert database.orgs(states=State) == [org]
    assert database.events() == events


def test_the_name_of_a_snapshot_and_its_verification_are_never_forgotten(
    database: Ledger,
) -> None:
    for name, available_at in {"a": NOW, "b": NOW, "c": None, "d": None}.items():
        deleted(database, name, snapshot="S1", fingerprint="one", available_at=available_at)
    deleted(database, "e", snapshot="S2", fingerprint="one")
    deleted(database, "f", fingerprint="one", available_at=NOW)
    before = database.past_orgs()
    database.prune(ALL_OLD)
    assert names(database) == ["b", "d", "e"]
    after = database.past_orgs()
    assert after.snapshots == before.snapshots == {"S1", "S2"}
    assert after.verified_snapshots == before.verified_snapshots == {"S1"}

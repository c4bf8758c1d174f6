"""Every ledger allows the moves of the one table, writes each down, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.ledger.base import MOVES, UNFINISHED, Claim, Ledger, Org, State
from tests.ledger.world import NOW, World, add_available, bring, moved, run

WAYS: dict[State, tuple[State, ...]] = {
    State.INTENDED: (),
    State.SIGNING_UP: (State.SIGNING_UP,),
    State.BUILDING: (State.SIGNING_UP, State.BUILDING),
    State.AVAILABLE: (State.BUILDING, State.AVAILABLE),
    State.CLAIMED: (State.BUILDING, State.AVAILABLE, State.CLAIMED),
    State.RELEASED: (State.BUILDING, State.AVAILABLE, State.RELEASED),
    State.FAILED: (State.FAILED,),
    State.EXPIRED: (State.EXPIRED,),
    State.DELETED: (State.EXPIRED, State.DELETED),
}
"""How a row comes into each state."""

RETRY = (State.FAILED, State.BUILDING)
PAIRS = [(from_, to) for from_ in State for to in State]


@pytest.mark.parametrize(("from_", "to"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_a_move_is_made_when_the_table_has_it_and_refused_otherwise(
    ledger: Ledger, from_: State, to: State
) -> None:
    org = bring(ledger, Org("a@acme.example", "morning", builder_id="run-1"), WAYS[from_])
    before = ledger.events()
    if to in MOVES[from_]:
        builder = {"builder_id": "run-2"} if (from_, to) == RETRY else {}
        result = ledger.move(org, to, note="why", **builder)
        assert result == ledger.get(org.username)
        assert result is not None
        assert (result.state, result.version) == (to, org.version + 1)
        event = ledger.events()[-1]
        assert (event.from_state, event.to_state, event.note) == (from_, to, "why")
        assert len(ledger.events()) == len(before) + 1
    else:
        with pytest.raises(
            ValueError, match=rf"a@acme\.example cannot change from {from_} to {to}"
        ):
            ledger.move(org, to)
        assert ledger.get(org.username) == org
        assert ledger.events() == before


def test_a_failed_row_is_built_again_by_the_run_that_takes_it_and_by_no_other(
    ledger: Ledger,
) -> None:
    org = bring(
        ledger,
        Org("a@acme.example", "morning", builder_id="run-1", run="run-1"),
        WAYS[State.FAILED],
    )
    with pytest.raises(
        ValueError, match=r"a@acme\.example needs a builder to change from failed to building"
    ):
        ledger.move(org, State.BUILDING)
    with ledger.builder_lock(run("run-2"), wait=False):
        again = moved(
            ledger, org, State.BUILDING, builder_id="run-2", kept=False, error="", fingerprint="f2"
        )
        assert ledger.get(org.username) == again
        assert (again.run, again.builder_id, again.fingerprint) == ("run-1", "run-2", "f2")
        assert ledger.move(org, State.BUILDING, builder_id="run-3") is None, "it has changed since"
        assert ledger.move(org, State.DELETED) is None, "nothing deletes what is being built"
        finished = moved(ledger, again, State.FAILED, error="again", kept=True)
    assert finished.builder_id == ""
    found = [(event.run, event.from_state, event.to_state) for event in ledger.events(run="run-2")]
    assert found == [("run-2", "failed", "building"), ("run-2", "building", "failed")]


def test_a_move_changes_fields_in_the_same_stroke(ledger: Ledger) -> None:
    org = Org("a@acme.example", "morning", builder_id="run-1")
    ledger.add(org)
    signing_up = moved(ledger, org, State.SIGNING_UP, signup_id="2SR000000000001AAA")
    assert signing_up.signup_id == "2SR000000000001AAA"
    assert ledger.get(org.username) == signing_up


def test_a_change_with_a_note_leaves_an_event_and_one_without_leaves_none(
    ledger: Ledger,
) -> None:
    org = bring(ledger, Org("a@acme.example", "morning", builder_id="run-1"), WAYS[State.BUILDING])
    before = len(ledger.events())
    first = ledger.change(org, step=1)
    assert first is not None
    assert len(ledger.events()) == before
    second = ledger.change(first, note="deploy_source:\nwarning: old", step=2)
    assert second == ledger.get(org.username)
    event = ledger.events()[-1]
    assert (event.from_state, event.to_state) == (State.BUILDING, State.BUILDING)
    assert (event.note, event.run) == ("deploy_source:\nwarning: old", "run-1")
    assert ledger.change(first, note="lost", step=3) is None
    assert len(ledger.events()) == before + 1


def test_a_finished_row_has_no_builder_and_still_knows_its_run(ledger: Ledger) -> None:
    org = add_available(ledger, "a@acme.example")
    assert (org.builder_id, org.run) == ("", "run-1")


def test_the_events_of_an_org_tell_its_life_in_order(ledger: Ledger) -> None:
    org = add_available(ledger, "a@acme.example")
    add_available(ledger, "b@acme.example")
    claimed = ledger.claim(Claim("ann", username=org.username), now=NOW)
    assert claimed is not None
    moved(ledger, claimed, State.RELEASED)

    events = ledger.events(username="A@acme.example")
    messages = [(event.from_state, event.to_state) for event in events]
    assert messages == [
        ("", "intended"),
        ("intended", "signing_up"),
        ("signing_up", "building"),
        ("building", "available"),
        ("available", "claimed"),
        ("claimed", "released"),
    ]
    by_claim = events[4]
    assert (by_claim.at, by_claim.run, by_claim.note) == (NOW, "", "ann")


def test_the_events_of_a_run_are_those_of_its_rows_and_what_its_builder_did(
    ledger: Ledger,
) -> None:
    old = add_available(ledger, "old@acme.example")
    with ledger.builder_lock(run("run-2"), wait=False):
        ledger.add(Org("new@acme.example", "morning", builder_id="run-2"))
        moved(ledger, old, State.RELEASED, note="stale")
    messages = [(event.username, event.to_state) for event in ledger.events(run="run-2")]
    assert messages == [("new@acme.example", "intended"), ("old@acme.example", "released")]
    assert len(ledger.events(run="run-1")) == 4


def test_a_run_adopts_all_unfinished_rows_and_no_others(world: World) -> None:
    ledger = world.open()
    states = (State.INTENDED, State.SIGNING_UP, State.BUILDING, State.AVAILABLE, State.FAILED)
    rows = [
        bring(ledger, Org(f"{state}@acme.example", "morning", builder_id="run-1"), WAYS[state])
        for state in states
    ]
    adopted = ledger.adopt("run-2")

    assert [org.username for org in adopted] == [f"{state}@acme.example" for state in states[:3]]
    for before, after in zip(rows, adopted, strict=False):
        assert after == replace(before, builder_id="run-2", version=before.version + 1)
    assert {org.state for org in adopted} == UNFINISHED
    assert ledger.orgs(states=[State.AVAILABLE, State.FAILED]) == rows[3:]
    notes = {(event.to_state, event.note) for event in ledger.events(run="run-2")}
    assert notes == {(state.value, "adopted from run-1") for state in UNFINISHED}


def test_the_old_builder_can_change_nothing_after_the_adoption(ledger: Ledger) -> None:
    org = Org("a@acme.example", "morning", builder_id="run-1")
    ledger.add(org)
    ledger.adopt("run-2")
    assert ledger.change(org, step_state="0Hf") is None
    assert ledger.move(org, State.BUILDING) is None


def test_adopting_twice_changes_nothing_the_second_time(ledger: Ledger) -> None:
    ledger.add(Org("a@acme.example", "morning", builder_id="run-1"))
    first = ledger.adopt("run-2")
    assert ledger.adopt("run-2") == first
    assert len(ledger.events()) == 2

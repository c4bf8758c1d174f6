"""Every ledger keeps rows as they were given, and changes one only by compare-and-swap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from provisioner.ledger.base import LIVE, Ledger, Org, State
from tests.ledger.world import NOW, World, add_available, moved

FULL = Org(
    username="morning-1@acme.example",
    pool="morning",
    builder_id="run-1",
    run="run-1",
    definition="config/project-scratch-def.json",
    fingerprint="f" * 64,
    consumer_key="3MVG9.key",
    signup_id="2SR000000000001AAA",
    org_id="00D000000000001AAA",
    instance_url="https://acme.my.salesforce.com",
    login_url="https://test.salesforce.com",
    step=3,
    step_state="0Hf000000000001AAA",
    attempts=2,
    created_at=NOW,
    available_at=NOW + timedelta(seconds=1, microseconds=5),
    proven_at=NOW + timedelta(seconds=2),
    expires_at=NOW + timedelta(days=2),
    owner="Zoë O'Hara <zoe@acme.example>",
    purpose="it's; DROP TABLE org; --",
    lease_until=NOW + timedelta(hours=8),
    idempotency_key="ci/1:2%s",
    fence=7,
    users=({"persona": "agent", "username": "agent@acme.example"},),
    error="step 2 failed\nline two",
    kept=True,
    step_since=NOW + timedelta(seconds=3),
    active_at=NOW + timedelta(seconds=4),
    snapshot="P1a2b3c4d5e6f01",
    hub="00D0000000000HUB01",
)


def test_a_row_comes_back_as_it_was_added(world: World) -> None:
    world.open().add(FULL)
    assert world.open().get(FULL.username) == FULL


def test_a_username_that_is_not_there_gives_none(ledger: Ledger) -> None:
    assert ledger.get("nobody@acme.example") is None


def test_a_username_is_found_however_it_is_capitalised(ledger: Ledger) -> None:
    ledger.add(FULL)
    assert ledger.get("Morning-1@ACME.example") == FULL


@pytest.mark.parametrize("username", ["x' OR '1'='1", 'a"b@c', "%", "_@%", "a;b@c\\d", "ключ@п.рф"])
def test_a_username_is_never_read_as_sql(ledger: Ledger, username: str) -> None:
    ledger.add(FULL)
    assert ledger.get(username) is None
    ledger.add(replace(FULL, username=username))
    found = ledger.get(username)
    assert found is not None
    assert found.username == username


def test_a_second_row_for_a_username_is_refused(ledger: Ledger) -> None:
    ledger.add(FULL)
    with pytest.raises(ValueError, match=r"has a row for MORNING-1@acme\.example already"):
        ledger.add(replace(FULL, username="MORNING-1@acme.example"))
    assert len(ledger.events()) == 1


def test_only_an_intent_can_be_added(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="a new row is intended, not available"):
        ledger.add(replace(FULL, state=State.AVAILABLE))


def test_times_of_any_zone_come_back_as_the_same_moment_in_utc(ledger: Ledger) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    ledger.add(replace(FULL, expires_at=datetime(2026, 11, 24, 7, 30, tzinfo=there)))
    found = ledger.get(FULL.username)
    assert found is not None
    assert found.expires_at == NOW
    assert found.expires_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="must have a zone"):
        ledger.add(replace(FULL, expires_at=naive))


def test_orgs_are_listed_oldest_first_by_pool_and_state(ledger: Ledger) -> None:
    first = add_available(ledger, "z@acme.example")
    ledger.add(Org("a@acme.example", "evening"))
    gone = moved(ledger, moved(ledger, first, State.RELEASED), State.DELETED)

    assert [org.username for org in ledger.orgs()] == ["a@acme.example"]
    assert [org.username for org in ledger.orgs(states=State)] == [gone.username, "a@acme.example"]
    assert ledger.orgs(pool="morning") == []
    assert ledger.orgs(pool="morning", states=[State.DELETED]) == [gone]
    assert ledger.orgs(states=[]) == []
    assert ledger.orgs(pool="' OR ''='", states=LIVE) == []


def test_a_change_is_there_for_others_when_it_returns(world: World) -> None:
    ledger, other = world.open(), world.open()
    ledger.add(FULL)
    changed = ledger.change(FULL, step_state="0Af000000000001AAA", step=4)
    assert changed == replace(FULL, step_state="0Af000000000001AAA", step=4, version=1)
    assert other.get(FULL.username) == changed


LONG_STATE = "2/5 loaded 1a2b3c4d " + "=001000000000001+9" * 880  # about 16,000 characters


@pytest.mark.parametrize("text", ["0Hf000000000001AAA", "again", "sent", LONG_STATE])
def test_a_step_state_comes_back_as_it_was_given(world: World, text: str) -> None:
    ledger = world.open()
    ledger.add(FULL)
    assert ledger.change(FULL, step_state=text) is not None
    found = world.open().get(FULL.username)
    assert found is not None
    assert found.step_state == text


def test_of_two_who_saw_the_same_row_one_changes_it(world: World) -> None:
    ledger, other = world.open(), world.open()
    ledger.add(FULL)
    assert ledger.change(FULL, step=4) is not None
    assert other.change(FULL, step=9) is None
    assert other.move(FULL, State.FAILED) is None
    found = other.get(FULL.username)
    assert found is not None
    assert (found.step, found.state) == (4, State.INTENDED)
    assert len(other.events()) == 1


def test_a_row_that_does_not_exist_cannot_be_changed(ledger: Ledger) -> None:
    assert ledger.change(FULL, step=1) is None
    assert ledger.move(FULL, State.FAILED) is None
    assert ledger.events() == []


def test_a_row_of_another_builder_cannot_be_changed(ledger: Ledger) -> None:
    ledger.add(FULL)
    assert ledger.change(replace(FULL, builder_id="run-2"), step=4) is None
    assert ledger.get(FULL.username) == FULL


@pytest.mark.parametrize("name", ["username", "state", "version", "password"])
def test_what_changes_by_itself_or_does_not_exist_is_refused(ledger: Ledger, name: str) -> None:
    ledger.add(FULL)
    change: dict[str, Any] = {name: "x"}
    with pytest.raises(ValueError, match=f"these fields cannot be changed: {name}"):
        ledger.change(FULL, **change)


def test_no_column_could_hold_a_secret() -> None:
    """A ledger has a place for what `Org` declares, and `Org` declares no secret."""
    names = " ".join(Org.__dataclass_fields__)
    for word in ("password", "token", "secret", "auth", "installation_key", "private"):
        assert word not in names

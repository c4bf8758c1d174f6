"""Each transition of an org's row in a build: from, to, which fields change, who may do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.builder.lifecycle import PROPAGATION, OrgLifecycle, RowLostError
from provisioner.builder.run import new_run
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.plan import Creation
from provisioner.salesforce.signup_status import SignUpStatus
from tests.builder.night import Night

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CREATION = Creation("sample", "config/project-scratch-def.json", "f")
ACTIVE = SignUpStatus(
    id="2SR000000000001AAA",
    username="a@acme.example",
    status="Active",
    error_code="",
    org_id="00D000000000001AAA",
    login_url="https://acme.example",
    instance="USA1S",
    expiration_date=None,
)


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.time


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = open_ledger(f"sqlite:///{tmp_path}/rows.db", tmp_path)
    yield found
    found.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def life(night: Night, ledger: Ledger, clock: Clock) -> OrgLifecycle:
    return OrgLifecycle(ledger, new_run(), night.config(), clock)


@pytest.fixture
def building(life: OrgLifecycle) -> Org:
    return life.activate(life.intend("a@acme.example", CREATION), ACTIVE)


def test_an_org_goes_from_intent_to_available(
    life: OrgLifecycle, ledger: Ledger, clock: Clock
) -> None:
    org = life.intend(life.new_username(CREATION), CREATION)
    assert ledger.get(org.username) == org
    assert (org.state, org.created_at, org.step_since) == (State.INTENDED, NOW, NOW)
    assert org.run == org.builder_id != ""
    clock.time += timedelta(minutes=1)
    org = life.send_again(org)
    assert (org.state, org.step_since) == (State.INTENDED, clock.time)
    org = life.acknowledge(org, ACTIVE.id)
    assert (org.state, org.signup_id) == (State.SIGNING_UP, ACTIVE.id)
    org = life.activate(org, ACTIVE)
    assert (org.state, org.step, org.step_since) == (State.BUILDING, 0, None)
    assert (org.org_id, org.active_at) == (ACTIVE.org_id, clock.time)
    assert org.login_url == org.instance_url == ACTIVE.login_url
    org = life.complete(org)
    assert (org.state, org.available_at, org.builder_id) == (State.AVAILABLE, clock.time, "")
    assert ledger.get(org.username) == org


def test_a_sign_up_whose_answer_was_lost_has_its_id_when_it_is_active(building: Org) -> None:
    assert building.signup_id == ACTIVE.id


def test_the_history_of_an_org_says_why_it_is_what_it_is(
    life: OrgLifecycle, ledger: Ledger
) -> None:
    def activated(username: str) -> Org:
        return life.activate(life.intend(username, CREATION), ACTIVE)

    life.close(life.fail(activated("a@acme.example"), "no such field", kept=False), "no org")
    life.expire(life.complete(activated("b@acme.example")), "deleted by somebody")
    notes = [(event.to_state, event.note) for event in ledger.events() if event.note]
    assert notes == [
        (State.FAILED, "no such field"),
        (State.DELETED, "no org"),
        (State.AVAILABLE, "verified"),
        (State.EXPIRED, "deleted by somebody"),
    ]


def test_a_step_has_a_state_a_time_and_attempts_until_it_is_done(
    life: OrgLifecycle, clock: Clock, building: Org
) -> None:
    org = life.remember(building, "0Hf1")
    clock.time += timedelta(minutes=1)
    assert life.remember(org, "0Hf1") is org, "nothing is written"
    org = life.remember(org, "0Hf1 more")
    assert (org.step_state, org.step_since) == ("0Hf1 more", NOW), "the time of the first request"
    org = life.retry_step(life.retry_step(org))
    assert org.attempts == 2
    org = life.finish_step(org, {"expires_at": NOW})
    assert (org.step, org.step_state, org.step_since, org.attempts) == (1, "", None, 0)
    assert org.expires_at == NOW


def test_a_postponed_step_has_new_attempts_and_a_reason_until_it_is_done(
    life: OrgLifecycle, building: Org
) -> None:
    org = life.postpone(life.retry_step(building), "in maintenance")
    assert (org.state, org.attempts, org.error) == (State.BUILDING, 0, "in maintenance")
    assert life.finish_step(org, {}).error == ""


@pytest.mark.parametrize("state", [State.INTENDED, State.SIGNING_UP, State.BUILDING])
def test_an_unfinished_org_may_fail(life: OrgLifecycle, ledger: Ledger, state: State) -> None:
    org = life.intend("a@acme.example", CREATION)
    if state is not State.INTENDED:
        org = life.acknowledge(org, ACTIVE.id)
    if state is State.BUILDING:
        org = life.activate(org, ACTIVE)
    failed = life.fail(org, "no reason", kept=True)
    assert (failed.state, failed.error, failed.kept) == (State.FAILED, "no reason", True)
    life.close(failed, "no org was created")
    closed = ledger.get(org.username)
    assert closed is not None
    assert closed.state is State.DELETED


TRANSITIONS: dict[str, Callable[[OrgLifecycle, Org], Org]] = {
    "remember": lambda life, org: life.remember(org, "0Hf1"),
    "retry_step": lambda life, org: life.retry_step(org),
    "finish_step": lambda life, org: life.finish_step(org, {}),
    "postpone": lambda life, org: life.postpone(org, "why"),
    "complete": lambda life, org: life.complete(org),
    "fail": lambda life, org: life.fail(org, "why", kept=False),
}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_row_that_somebody_else_has_changed_is_left_alone(
    life: OrgLifecycle, ledger: Ledger, building: Org, name: str
) -> None:
    theirs = ledger.move(building, State.EXPIRED)
    with pytest.raises(RowLostError):
        TRANSITIONS[name](life, building)
    assert ledger.get(building.username) == theirs


def test_a_transition_from_another_state_is_refused(life: OrgLifecycle, building: Org) -> None:
    with pytest.raises(ValueError, match="building"):
        life.acknowledge(building, ACTIVE.id)
    with pytest.raises(ValueError, match="is building, not intended"):
        life.send_again(building)
    available = life.complete(building)
    for transition in TRANSITIONS.values():
        with pytest.raises(ValueError, match="available"):
            transition(life, available)


def test_a_build_takes_over_what_an_earlier_one_left(
    night: Night, life: OrgLifecycle, ledger: Ledger, clock: Clock, building: Org
) -> None:
    run = new_run()
    later = OrgLifecycle(ledger, run, night.config(), clock)
    with ledger.builder_lock(run, pools=["sample"], wait=False):
        (org,) = later.take_over(["sample"])
    assert (org.builder_id, org.state) == (run.id, State.BUILDING)
    assert life.current(building) is None
    assert later.current(building) == org
    assert later.current(replace(building, username="unknown@acme.example")) is None


def test_an_available_org_expires_and_is_corrected_unless_it_has_changed(
    life: OrgLifecycle, ledger: Ledger, building: Org
) -> None:
    available = life.complete(building)
    life.correct_expiry(available, NOW)
    row = ledger.get(building.username)
    assert row is not None
    assert row.expires_at == NOW
    assert not life.expire(available, "gone"), "the row has changed"
    assert life.expire(row, "gone")
    row = ledger.get(building.username)
    assert row is not None
    assert (row.state, row.error) == (State.EXPIRED, "gone")


def test_deadlines_count_from_the_times_in_the_row(
    life: OrgLifecycle, clock: Clock, night: Night
) -> None:
    """Whichever process reads them, and however late."""
    org = life.intend("a@acme.example", CREATION)
    timeout = night.config().pools["sample"].sign_up_timeout
    clock.time += timeout + timedelta(seconds=1)
    assert life.sign_up_deadline(org).has_passed
    org = life.send_again(org)
    assert not life.sign_up_deadline(org).has_passed
    org = life.activate(org, ACTIVE)
    clock.time += timedelta(seconds=PROPAGATION - 60)
    assert not life.login_window(org).has_passed
    assert not life.step_deadline(org, timeout=10).has_passed, "no request was sent yet"
    org = life.remember(org, "0Hf1")
    clock.time += timedelta(seconds=61)
    assert life.login_window(org).has_passed
    assert life.step_deadline(org, timeout=10).has_passed
    org = life.remember(org, "")
    assert not life.step_deadline(org, timeout=10).has_passed, "the step starts again"
    assert not life.step_deadline(life.finish_step(org, {}), timeout=10).has_passed

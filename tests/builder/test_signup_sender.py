"""Sending sign-ups: one that is refused, or cannot be sent, makes way for the next one."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.builder.lifecycle import OrgLifecycle, RowLostError
from provisioner.errors import LedgerError
from provisioner.ledger.base import State
from tests.builder.night import Night

pytestmark = pytest.mark.slow

CREATE = {"route": "sobjects.create", "org": "hub"}


@pytest.fixture
def one_at_a_time(night: Night) -> Night:
    """A pool of three, whose sign-ups are sent one after the other, without replacements."""
    night.write_pool(
        size=3, steps="", pool="replacements: 0\n", top="limits: { concurrent_signups: 1 }"
    )
    return night


def fails_once(monkeypatch: pytest.MonkeyPatch, method: str, error: Exception) -> None:
    """The first call of a transition raises an error instead."""
    real, errors = getattr(OrgLifecycle, method), [error]

    def transition(*arguments: Any, **named: Any) -> Any:
        if errors:
            raise errors.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(OrgLifecycle, method, transition)


def test_a_sign_up_that_the_dev_hub_refuses_fails_its_org_alone(one_at_a_time: Night) -> None:
    refusal = {"do": "answer", "status": 400, "error": "INVALID_FIELD", "message": "no such field"}
    one_at_a_time.fault({**CREATE, "nth": 1}, refusal)
    result = one_at_a_time.build()
    assert (len(result.built), len(result.failed), result.exit_code) == (2, 1, 6)
    assert "no such field" in result.failed[0].error
    assert {org.state for org in one_at_a_time.orgs()} == {State.AVAILABLE}, "its row is closed"
    (event,) = (e for e in one_at_a_time.watcher.events if e.state is State.FAILED)
    assert (event.username, event.step) == (result.failed[0].username, "sign-up")


def test_a_sign_up_whose_row_somebody_else_has_changed_is_left_to_them(
    one_at_a_time: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_once(monkeypatch, "acknowledge", RowLostError("theirs"))
    result = one_at_a_time.build()
    assert (len(result.built), len(result.failed)) == (2, 0)
    assert len(one_at_a_time.orgs(State.INTENDED)) == 1


def test_an_org_whose_row_cannot_be_written_is_not_signed_up(
    one_at_a_time: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_once(monkeypatch, "intend", TypeError("a value of a type that nobody expected"))
    result = one_at_a_time.build()
    assert len(result.built) == len(one_at_a_time.active()) == len(one_at_a_time.orgs()) == 2
    assert any("no sign-up was sent" in text for text in one_at_a_time.watcher.messages)


def test_a_ledger_that_fails_stops_the_build_and_the_next_one_finds_the_sign_up(
    one_at_a_time: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_once(monkeypatch, "acknowledge", LedgerError("the disk is full"))
    with pytest.raises(LedgerError):
        one_at_a_time.build()
    (left,) = one_at_a_time.orgs(State.INTENDED)
    assert one_at_a_time.build().exit_code == 0
    assert left.username in one_at_a_time.active()
    assert len(one_at_a_time.hub_rows("ScratchOrgInfo")) == 3

"""A new kind of step needs one module and one line: it is read, described, fingerprinted, built."""

from __future__ import annotations

from typing import Any, cast

import pytest

from provisioner.builder.lifecycle import OrgLifecycle
from provisioner.config.schema import schema
from provisioner.ledger.base import Org, State
from provisioner.steps import STEPS
from tests.builder.new_step import PollTimes
from tests.builder.night import Night

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = cast("dict[str, Any]", STEPS)
    monkeypatch.setitem(registry, "poll_times", "tests.builder.new_step:PollTimes")


def test_its_options_are_keys_of_pool_yaml(night: Night) -> None:
    night.write_pool(steps="- poll_times: 3\n- poll_times: { times: 2 }\n")
    steps = night.config().pools["sample"].steps
    assert [entry.step for entry in steps] == [PollTimes(times=3), PollTimes(times=2)]
    assert "poll_times" in str(schema())


def test_a_build_stores_its_states_and_polls_until_it_is_done(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    real = OrgLifecycle.remember

    def remember(lifecycle: OrgLifecycle, org: Org, step_state: str) -> Org:
        states.append(step_state)
        return real(lifecycle, org, step_state)

    monkeypatch.setattr(OrgLifecycle, "remember", remember)
    night.write_pool(size=1, steps="- poll_times: 3\n")
    assert night.build().exit_code == 0
    assert len(night.orgs(State.AVAILABLE)) == 1
    assert [text for text in states if text.startswith("polled")] == [
        "polled 0",
        "polled 1",
        "polled 2",
        "polled 3",
    ]


def test_an_org_with_another_number_is_replaced(night: Night) -> None:
    night.write_pool(size=1, steps="- poll_times: 1\n")
    assert night.build().exit_code == 0
    (before,) = night.orgs(State.AVAILABLE)
    night.write_pool(size=1, steps="- poll_times: 2\n")
    assert night.build().exit_code == 0
    (after,) = night.orgs(State.AVAILABLE)
    assert after.username != before.username

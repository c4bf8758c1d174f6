"""Polls of sign-ups: what a refused, a failed and an empty answer mean."""

from __future__ import annotations

import pytest

from provisioner.builder.pending_signups import MOST_MISSES
from provisioner.builder.signup_poll import MOST_REFUSALS
from provisioner.ledger.base import State
from tests.builder.night import Night

pytestmark = pytest.mark.slow

ALONE = "replacements: 0\n"
REFUSED = {
    "do": "answer",
    "status": 403,
    "body": [{"message": "no access", "errorCode": "INSUFFICIENT_ACCESS"}],
}
POLLS = {"route": "query", "org": "hub", "nth": list(range(2, 60))}  # the first is the survey


def hub_requests(night: Night) -> list[str]:
    """The routes of all requests to the Dev Hub, in order."""
    return [entry.route for entry in night.world.log.entries() if entry.org == "hub"]


def test_polls_that_are_refused_three_times_fail_the_sign_ups(night: Night) -> None:
    """A user who may not read ScratchOrgInfo any more would otherwise poll until the timeout."""
    night.write_pool(size=2, steps="", pool=ALONE)
    night.fault(POLLS, REFUSED, times=0)
    assert night.build().exit_code == 6
    failed = [event for event in night.watcher.events if event.state is State.FAILED]
    assert len(failed) == 2
    assert all(event.step == "sign-up" for event in failed)
    assert all("no access" in event.note for event in failed)
    after_sign_up = hub_requests(night)
    polls = after_sign_up[after_sign_up.index("sobjects.create") :].count("query")
    assert polls >= MOST_REFUSALS


def test_one_refused_poll_fails_no_sign_up(night: Night) -> None:
    night.write_pool(size=1, steps="", pool=ALONE)
    night.fault({**POLLS, "nth": 2}, REFUSED)
    assert night.build().exit_code == 0


def test_a_sign_up_is_sent_again_only_after_several_polls_have_missed_it(night: Night) -> None:
    """An insert may take its time: the first answers without it prove nothing."""
    night.write_pool(size=1, steps="", pool=ALONE)
    night.fault({"route": "sobjects.create", "org": "hub"}, {"do": "reset", "at": "before"})
    assert night.build().exit_code == 0
    routes = hub_requests(night)
    first = routes.index("sobjects.create")
    second = routes.index("sobjects.create", first + 1)
    assert routes[first:second].count("query") >= MOST_MISSES
    assert len(night.active()) == 1


def test_sign_ups_whose_polls_fail_until_the_timeout_are_left_to_the_next_build(
    night: Night,
) -> None:
    night.write_pool(size=1, steps="", pool=f"{ALONE}sign_up_timeout: 1m\n")
    fault = night.fault({**POLLS, "nth": list(range(2, 9000))}, {"do": "answer", "status": 503},
                        times=0)  # fmt: skip
    result = night.build()
    error = result.error()
    assert error is not None
    assert error.message == (
        "built 0 of 1 wanted orgs; missing: sample 1; left to the next build: 1 org"
    )
    (left,) = night.orgs()
    assert left.state in (State.INTENDED, State.SIGNING_UP)
    night.world.faults.remove(fault)
    night.write_pool(size=1, steps="", pool=f"{ALONE}sign_up_timeout: 24h\n")
    assert night.build().exit_code == 0
    assert night.active() == [left.username]

"""What never ends fails at its deadline, also when builds are killed while they wait for it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.builder.deadline import Deadline
from provisioner.builder.org_steps import ATTEMPTS
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow

ENDLESS = 10_000_000.0  # seconds of the platform
LONG_AGO = timedelta(hours=3)
PACKAGE = "04t000000000001AAA"
INSTALL = f"- install_package: {{ version: {PACKAGE}, timeout: 2h }}\n"
SHORT_TIMEOUT = f"- install_package: {{ version: {PACKAGE}, timeout: 1m }}\n"
POLL = {"route": "tooling.sobjects.read", "nth": 2}
ORG_LOGIN = {"route": "oauth.token", "nth": 2}  # the first is that to the Dev Hub
ALONE = "replacements: 0\n"

Make = Callable[..., Night]


def killed_build(night: Night, **when: Any) -> None:
    """A build that is killed while the emulator holds one of its requests."""
    night.fault(when, {"do": "hold", "at": "after"})
    command = Command(night, "build", "--time-scale", "0.002")
    assert night.world.holds.current(wait=30)
    command.process.send_signal(signal.SIGKILL)
    command.end()
    night.world.holds.close()


def rewrite(night: Night, **changes: Callable[[Any], Any]) -> None:
    """Change fields of all rows, each by what it was."""
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        for org in ledger.orgs():
            assert ledger.change(org, **{name: change(org) for name, change in changes.items()})
    finally:
        ledger.close()


def grow_older(night: Night) -> None:
    """The current step has been in progress for long, as if the build was killed so long ago."""
    rewrite(night, step_since=lambda org: org.step_since - LONG_AGO)


def failures(night: Night) -> list[str]:
    """Why orgs were given up."""
    return [event.note for event in night.watcher.events if event.state is State.FAILED]


def test_a_step_that_does_not_end_is_given_up_at_its_timeout(make_night: Make) -> None:
    night = make_night(package_install=ENDLESS)
    night.write_pool(size=1, steps=SHORT_TIMEOUT, pool=ALONE)
    assert night.build().exit_code == 6
    assert failures(night) == ["install_package: not finished after 1m: IN_PROGRESS"]
    assert not night.active()


def test_a_step_does_not_get_a_new_deadline_from_the_next_build(make_night: Make) -> None:
    night = make_night(package_install=ENDLESS)
    night.write_pool(size=1, steps=INSTALL, pool=ALONE)
    killed_build(night, **POLL)
    (org,) = night.orgs(State.BUILDING)
    assert org.step_state
    assert org.step_since
    grow_older(night)
    before = night.requests("tooling.sobjects.read")
    assert night.build().exit_code == 6
    assert night.requests("tooling.sobjects.read") == before + 1, "one poll was enough"
    assert failures(night) == ["install_package: not finished after 2h: IN_PROGRESS"]


def test_a_step_that_ended_between_two_builds_is_done_however_late(make_night: Make) -> None:
    night = make_night(package_install=0.001)
    night.write_pool(size=1, steps=INSTALL, pool=ALONE)
    killed_build(night, route="tooling.sobjects.read", nth=1)
    grow_older(night)
    assert night.build().exit_code == 0


def test_the_time_before_the_first_request_of_a_step_does_not_count(night: Night) -> None:
    night.write_pool(size=1, steps=INSTALL, pool=ALONE)
    killed_build(night, **ORG_LOGIN)
    (org,) = night.orgs(State.BUILDING)
    assert org.step_since is None
    rewrite(night, active_at=lambda org: org.active_at - LONG_AGO)
    assert night.build().exit_code == 0


def test_a_sign_up_that_does_not_end_is_given_up_at_its_timeout(make_night: Make) -> None:
    night = make_night(**{"signup.Creating": ENDLESS})
    night.write_pool(size=1, pool=f"{ALONE}sign_up_timeout: 1m\n")
    assert night.build().exit_code == 6
    assert failures(night) == ["sign-up: still Creating after 60 s (see sign_up_timeout)"]


def test_a_sign_up_does_not_get_a_new_deadline_from_the_next_build(make_night: Make) -> None:
    night = make_night(**{"signup.Creating": ENDLESS})
    night.write_pool(size=1, pool=f"{ALONE}sign_up_timeout: 2h\n")
    killed_build(night, route="query", org="hub", nth=2)
    grow_older(night)
    before = night.requests("query")
    assert night.build().exit_code == 6
    assert night.requests("query") < before + 10, "hundreds of polls fit into two hours"
    assert failures(night) == ["sign-up: still Creating after 7200 s (see sign_up_timeout)"]


@pytest.mark.parametrize(("age", "code"), [(LONG_AGO, 6), (-LONG_AGO, 0)], ids=["old", "new"])
def test_only_a_new_org_may_refuse_logins_more_often_than_other_requests(
    night: Night, age: timedelta, code: int
) -> None:
    """The period of propagation does not start again with each build that resumes the org."""
    night.write_pool(size=1, pool=ALONE)
    killed_build(night, route="deploy.start")
    rewrite(night, active_at=lambda org: org.active_at - age, attempts=lambda _org: ATTEMPTS)
    refusal = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    again = {**ORG_LOGIN, "nth": [2, 3]}
    night.fault(again, {"do": "answer", "status": 400, "body": refusal}, times=0)
    assert night.build().exit_code == code


def test_a_deadline_counts_from_the_time_in_the_ledger() -> None:
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    deadline = Deadline.since(now - timedelta(minutes=7), now, limit=400)
    assert deadline.age >= 420
    assert deadline.has_passed
    assert Deadline.since(now + timedelta(hours=1), now, 400).earlier == 0, "a clock was set back"
    assert not Deadline.since(None, now, limit=400).has_passed


def test_a_deadline_is_at_the_time_scale_of_the_build() -> None:
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    start = now - timedelta(seconds=10)
    assert Deadline.since(start, now, limit=900, time_scale=0.01).has_passed
    assert not Deadline.since(start, now, limit=11, time_scale=1.0).has_passed

"""Builds side by side on one ledger: one builds, the others wait or leave, nothing is double."""

from __future__ import annotations

import os
import signal

import pytest

from provisioner.ledger.base import State
from tests.proof.contents import Complete
from tests.proof.disturbances import clock_that_jumps
from tests.proof.processes import TIME_SCALE, Process
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
HOUR = 3600


def assert_all_is_well(night: WholeNight, whole: Complete) -> None:
    """Exactly three orgs, complete, for exactly three sign-ups."""
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]
    assert len(night.hub_rows("ScratchOrgInfo")) == SIZE


@pytest.mark.parametrize(
    ("ahead", "code"),
    [pytest.param(240, 0, id="within five minutes"), pytest.param(HOUR, 2, id="a wrong clock")],
)
def test_builds_at_once_on_hosts_whose_clocks_differ(
    night: WholeNight, whole: Complete, ahead: int, code: int
) -> None:
    """A host whose clock is wrong stops before it changes anything; the others fill the pool."""
    started = [
        Process(
            night,
            "build",
            "--wait",
            "--time-scale",
            TIME_SCALE,
            before_imports=clock_that_jumps(s, at_once=True),
        )
        for s in (0, ahead, -60)
    ]
    ended = [process.end() for process in started]
    assert [each.code for each in ended] == [0, code, 0], [each.err for each in ended]
    assert not list(crashes(night, *ended))
    assert_all_is_well(night, whole)


def test_builds_at_once_that_do_not_wait(night: WholeNight, whole: Complete) -> None:
    started = [Process(night, "build", "--time-scale", TIME_SCALE) for _ in range(3)]
    ended = [process.end() for process in started]
    codes = sorted(each.code for each in ended)
    assert codes[0] == 0
    assert set(codes) <= {0, 8}
    assert not list(crashes(night, *ended))
    assert_all_is_well(night, whole)


def test_a_frozen_build_is_named_and_not_robbed(night: WholeNight, whole: Complete) -> None:
    night.fault({"route": "deploy.start", "nth": 2}, {"do": "hold"})
    first = Process(night, "build", "--time-scale", TIME_SCALE)
    assert first.hold()
    os.kill(first.process.pid, signal.SIGSTOP)
    before = {org.username: org.builder_id for org in rows(night)}
    second = Process(night, "build", "--time-scale", TIME_SCALE).end()
    assert second.code == 8
    assert str(first.process.pid) in second.err
    assert "that process is stopped" in second.err
    assert {org.username: org.builder_id for org in rows(night)} == before
    os.kill(first.process.pid, signal.SIGCONT)
    night.world.holds.release()
    assert first.end().code == 0
    assert_all_is_well(night, whole)


@pytest.mark.parametrize("route", ["sobjects.create", "tree.create"])
def test_a_waiting_build_takes_over_the_moment_the_other_ends(
    night: WholeNight, whole: Complete, route: str
) -> None:
    night.fault({"route": route, "nth": 2}, {"do": "hang"})
    first = Process(night, "build", "--time-scale", TIME_SCALE)
    assert first.hold()
    second = Process(night, "build", "--wait", "--time-scale", TIME_SCALE)
    first.kill()
    night.world.holds.release()
    ended = second.end()
    assert ended.code == 0, ended.err
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]
    with_row = {org.username for org in rows(night, State.AVAILABLE)}
    assert with_row == set(night.active())

"""This machine's clock is compared with the dates of the Dev Hub's answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from provisioner.errors import ClockError
from provisioner.salesforce.active_orgs import active_orgs
from provisioner.salesforce.hub import SignUp
from provisioner.salesforce.server_clock import ServerClock
from tests.salesforce.world import CONSUMER_KEY, Emulated

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Machine:
    """A machine whose clocks a test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 0.0
        self.clock = ServerClock(wall=lambda: self.wall, steady=lambda: self.steady)

    def answered(self, date: datetime, took: float = 0.0, **headers: str) -> None:
        self.clock.observe({"Date": format_datetime(date, usegmt=True), **headers}, took)

    def passes(self, seconds: float, *, wall: float | None = None) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds if wall is None else wall)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_clocks_that_are_minutes_apart_agree(machine: Machine) -> None:
    for apart in (-4.9 * MINUTE, 0 * MINUTE, 4.9 * MINUTE):
        machine.answered(NOW + apart)
        machine.clock.check()
        assert machine.clock.now() == NOW


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (-6 * MINUTE, "6 minutes ahead"),
        (-2 * 60 * MINUTE, "2 hours ahead"),
        (-3 * DAY, "3 days ahead"),
        (6 * MINUTE, "6 minutes behind"),
        (800 * DAY, "800 days behind"),
    ],
)
def test_a_wrong_clock_is_an_error_that_states_both_times(
    machine: Machine, apart: timedelta, words: str
) -> None:
    machine.answered(NOW + apart)
    with pytest.raises(ClockError, match=words) as caught:
        machine.clock.check()
    assert (caught.value.exit_code, caught.value.code) == (2, "clock")
    assert "2026-11-24 03:00:00 UTC" in caught.value.message
    assert f"{NOW + apart:%Y-%m-%d %H:%M:%S} UTC" in caught.value.message
    assert "set the clock" in caught.value.hint


def test_an_answer_that_was_long_under_way_does_not_make_the_clock_wrong(machine: Machine) -> None:
    machine.answered(NOW - 7 * MINUTE, took=180)
    machine.clock.check()
    machine.answered(NOW - 20 * MINUTE, took=180)
    assert machine.clock.is_off


@pytest.mark.parametrize("header", ["", "yesterday", "Tue, 99 Foo 2026 03:00:00 GMT", "0"])
def test_a_header_that_is_no_date_says_nothing(machine: Machine, header: str) -> None:
    machine.clock.observe({"Date": header})
    machine.clock.observe({})
    machine.clock.check()
    assert machine.clock.now() == NOW


def test_the_date_of_an_answer_out_of_a_cache_says_nothing(machine: Machine) -> None:
    machine.answered(NOW - DAY, Age="86400")
    machine.clock.check()


def test_a_clock_that_jumps_after_an_answer_does_not_change_the_time(machine: Machine) -> None:
    machine.answered(NOW)
    for jump in (400 * DAY, -400 * DAY):
        machine.passes(60, wall=jump.total_seconds())
        assert machine.clock.now() == NOW + timedelta(seconds=machine.steady)
        machine.wall = NOW


def test_no_org_is_deleted_by_a_clock_that_has_just_become_wrong() -> None:
    """The answer just before the deletion is the evidence, not one of an hour ago."""
    with Emulated() as emulated:
        hub = emulated.hub()
        wanted = {"edition": "Developer"}
        hub.sign_up(
            SignUp(
                definition=wanted,
                username="a@acme.example",
                consumer_key=CONSUMER_KEY,
                duration_days=7,
            )
        )
        while not active_orgs(hub)[0].is_signed_up:
            pass
        emulated.world.clock.advance(-DAY.total_seconds())
        with pytest.raises(ClockError, match="24 hours ahead"):
            hub.delete_orgs(["a@acme.example"])
        emulated.world.clock.advance(DAY.total_seconds())
        assert active_orgs(hub)[0].is_signed_up
        assert hub.delete_orgs(["a@acme.example"]) == {}


def test_one_odd_date_is_no_evidence() -> None:
    with Emulated() as emulated:
        hub = emulated.hub()
        hub.client.session.clock.observe({"Date": "Tue, 24 Nov 2020 03:00:00 GMT"})
        hub.check_clock()

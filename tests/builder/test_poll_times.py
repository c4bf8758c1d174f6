"""When steps and sign-ups are polled: soon after an end is likely, and rarely before."""

from __future__ import annotations

from typing import cast

import pytest

from provisioner.builder.awaited import AwaitedOperation
from provisioner.builder.history import History, PastBuilds
from provisioner.builder.next_poll import Awaited, Likely, likely, next_poll, price, weight
from provisioner.builder.poll_times import PendingStage, PollTimes, Stage
from tests.builder.poll_simulation import SimulatedBuild

MINUTES = {  # docs/reference/durations.md
    "sign-up": (35.0, 180.0),
    "settings": (12.0, 60.0),
    "install_package": (30.0, 120.0),
    "deploy_source": (12.0, 60.0),
}
SECONDS = {"sign-up": (9.6, 38.4), "install_package": (6.4, 25.6), "deploy_source": (4.8, 19.2)}
LONG = {
    "sign-up": (60.0, 240.0),
    "install_package": (300.0, 1200.0),
    "deploy_source": (60.0, 300.0),
}


class NoPast:
    """No past builds."""

    history = History({}, 0)


@pytest.mark.parametrize(
    ("ranges", "orgs", "slots", "longest", "most_hub_polls", "most_org_polls"),
    [
        (MINUTES, 50, 20, 1.05, 3.0, 30.0),
        (SECONDS, 20, 10, 1.06, 5.0, 24.0),
        (LONG, 20, 10, 1.06, 5.0, 55.0),
    ],
)
def test_a_build_ends_soon_after_the_shortest_possible_time(
    ranges: dict[str, tuple[float, float]],
    orgs: int,
    slots: int,
    longest: float,
    most_hub_polls: float,
    most_org_polls: float,
) -> None:
    """Without any knowledge at first; a build that knows the last one sends fewer requests."""
    builds = [SimulatedBuild(ranges, orgs, slots, seed).run() for seed in range(2)]
    for build in builds:
        assert build.now <= longest * build.lower_bound
        assert build.hub_polls <= most_hub_polls * orgs
        assert build.org_polls <= most_org_polls * orgs
    second = SimulatedBuild(ranges, orgs, slots, 7, past=builds[0].history).run()
    assert second.now <= longest * second.lower_bound
    assert second.hub_polls + second.org_polls < builds[0].hub_polls + builds[0].org_polls


def test_seconds_and_hours_are_polled_equally_well() -> None:
    """No rule depends on a number of seconds."""
    one = SimulatedBuild(SECONDS, 10, 5, 1).run()
    other = SimulatedBuild(SECONDS, 10, 5, 1, scale=0.01).run()
    assert other.now == pytest.approx(one.now * 0.01, rel=0.001)
    assert (other.hub_polls, other.org_polls) == (one.hub_polls, one.org_polls)


def test_a_night_that_is_unlike_all_nights_before_is_noticed() -> None:
    slow = SimulatedBuild(LONG, 10, 10, 1).run().history
    build = SimulatedBuild(SECONDS, 20, 10, 1, past=slow).run()
    assert build.now <= 1.6 * build.lower_bound, "a tenth of the usual time"
    fast = SimulatedBuild(SECONDS, 10, 10, 1).run().history
    build = SimulatedBuild(LONG, 20, 10, 1, past=fast).run()
    assert build.now <= 1.1 * build.lower_bound
    assert build.org_polls <= 100 * 20


@pytest.mark.parametrize(
    ("awaited", "worth", "wait"),
    [
        pytest.param(Awaited(10), 0.05, 1.02, id="unknown: an interval that grows with the age"),
        pytest.param(Awaited(1000), 5.0, 102.0, id="of minutes as of seconds"),
        pytest.param(Awaited(10, [Likely(20, 40, 99)]), 0.1, 11.88, id="nothing ends before 20 s"),
        pytest.param(Awaited(30, [Likely(20, 40, 99)]), 0.1, 1.42, id="an end is likely"),
        pytest.param(Awaited(30, [Likely(20, 40, 99)]), 0.025, 0.71, id="a cheap poll comes soon"),
        pytest.param(Awaited(40, [Likely(20, 40, 99)]), 0.1, 1.45, id="longer than all others"),
        pytest.param(Awaited(0, [Likely(20, 40, 99)]), 1e9, 60.0, id="not later than the longest"),
    ],
)
def test_the_next_poll_is_due_when_the_expected_lateness_is_worth_it(
    awaited: Awaited, worth: float, wait: float
) -> None:
    assert next_poll([awaited], worth, 60.0 if awaited.age < 1000 else 600.0) == pytest.approx(
        wait, rel=0.03
    )


def test_one_poll_serves_all_that_may_have_ended() -> None:
    one, other = Awaited(30, [Likely(20, 40, 9)]), Awaited(3, [Likely(20, 40, 9)])
    both = next_poll([one, other], 0.1, 60)
    assert both <= next_poll([one], 0.1, 60) < next_poll([other], 0.1, 60)


def test_an_org_that_has_time_to_spare_is_polled_rarely() -> None:
    critical = price(weight(0, 600), 600, 60, is_known=True)
    assert price(weight(60, 600), 600, 60, is_known=True) > 1.9 * critical
    assert price(weight(6000, 600), 600, 60, is_known=True) == pytest.approx(0.54)


def test_a_sign_up_of_known_duration_is_polled_less_before_it_can_have_ended() -> None:
    """By what a probe has measured; not never, because tonight may be faster."""

    def polls(known: float) -> int:
        now, count = 0.0, 0
        past = cast("PastBuilds", NoPast())
        times = PollTimes(past, known, clock=lambda: now)
        org = Stage("org", "pool")
        while now < 110:
            now += times.sign_ups([PendingStage(org, now)], 1.0)
            count += 1
        return count

    assert polls(180.0) < polls(0.0)


def test_measured_durations_are_surer_the_more_there_are() -> None:
    (one,) = likely([100.0])
    assert (one.low, one.high, one.weight) == pytest.approx((65.0, 135.0, 1.0))
    many = likely([100.0] * 49)
    assert many[0].high == pytest.approx(105.0)
    assert sum(found.weight for found in many) == pytest.approx(49)
    assert sum(found.weight for found in likely([100.0] * 49, count=5)) == pytest.approx(5)
    assert likely([]) == []


def test_an_operation_ended_half_way_between_two_polls() -> None:
    operation = AwaitedOperation("", since=100.0, polled=100.0, phase="Pending")
    operation.poll("Pending", 104.0)
    operation.poll("InProgress", 110.0)
    assert operation.durations(120.0) == [("", 15.0), ("InProgress", 5.0)]

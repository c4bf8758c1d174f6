"""A pool is filled in spite of transient failures, and a failed service costs few sign-ups."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import pytest

from provisioner.builder.signup_breaker import IN_A_ROW, SignUpBreaker
from provisioner.ledger.base import State
from tests.builder.night import Night

pytestmark = pytest.mark.slow

AT_ONCE = 10  # concurrent_signups, by default
NIGHTS = 400  # seeded ones for each row of the table


@dataclass
class Service:
    """Sign-ups on a simulated clock: failures take seconds, successes minutes.

    Source: docs/reference/durations.md.
    """

    rate: float
    wanted: int
    seed: int
    breaks_after: int = 10**9  # sign-ups, after which all fail
    now: float = 0.0
    sent: int = 0
    built: int = 0
    verdict: str = ""
    _pending: list[tuple[float, int, bool]] = field(default_factory=list)

    def run(self) -> Service:
        """A whole night, with the breaker between the pool and the service."""
        chance = random.Random(f"{self.rate} {self.wanted} {self.seed}")
        breaker, queue = SignUpBreaker(self.wanted), self.wanted
        while queue or self._pending:
            undecided = len(self._pending)
            self.verdict = breaker.verdict(undecided)
            if self.verdict:
                queue = 0
            elif queue and undecided < AT_ONCE and breaker.allows(undecided, self.now):
                queue -= 1
                self._send(chance)
                continue
            pause = breaker.wait(self.now) if queue else 0.0
            if pause and (not self._pending or self.now + pause < self._pending[0][0]):
                self.now += pause
            elif self._pending:
                self.now, _, fails = heapq.heappop(self._pending)
                if fails:
                    breaker.failed(self.now, "C-9999")
                    queue += 1
                else:
                    breaker.succeeded()
                    self.built += 1
        return self

    def _send(self, chance: random.Random) -> None:
        self.sent += 1
        fails = chance.random() < self.rate or self.sent > self.breaks_after
        takes = chance.uniform(2, 15) if fails else chance.uniform(40, 240)
        heapq.heappush(self._pending, (self.now + takes, self.sent, fails))


@pytest.mark.parametrize(
    ("rate", "full", "at_most"),
    [(0.05, 0.99, 52), (0.10, 0.95, 52), (0.15, 0.95, 52), (0.30, 0.5, 52)],
)
def test_a_pool_of_34_fills_though_some_sign_ups_fail(
    rate: float, full: float, at_most: int
) -> None:
    nights = [Service(rate, 34, seed).run() for seed in range(NIGHTS)]
    assert sum(night.built == 34 for night in nights) >= full * NIGHTS
    assert max(night.sent for night in nights) <= at_most, "the day's sign-ups are not burnt"
    assert all(night.built == 34 or night.verdict for night in nights), "or it says why not"


@pytest.mark.parametrize("wanted", [1, 2, 10, 34, 200])
def test_a_service_that_makes_no_org_costs_five_sign_ups(wanted: int) -> None:
    for seed in range(50):
        night = Service(1.0, wanted, seed).run()
        assert (night.built, night.sent) == (0, IN_A_ROW)
        assert "5 sign-ups in a row failed; the last error: C-9999" in night.verdict


@pytest.mark.parametrize("breaks_after", [1, 5, 12, 20])
def test_a_service_that_fails_during_a_build_costs_the_pending_sign_ups_and_few_more(
    breaks_after: int,
) -> None:
    for seed in range(50):
        night = Service(0.0, 34, seed, breaks_after).run()
        assert night.built == breaks_after
        assert night.sent <= breaks_after + AT_ONCE + SignUpBreaker(34).budget
        assert night.verdict


def test_three_fast_failures_among_ten_say_nothing_while_seven_are_undecided() -> None:
    breaker = SignUpBreaker(34)
    breaker.succeeded()
    for _ in range(3):
        breaker.failed(0.0)
    assert breaker.verdict(7) == ""
    assert not breaker.allows(7, 100.0), "but no more are sent until they have spoken"
    breaker.succeeded()
    assert breaker.allows(6, 100.0)


def test_before_the_first_success_few_are_sent() -> None:
    breaker = SignUpBreaker(34)
    assert [breaker.allows(undecided, 0.0) for undecided in (0, 4, 5)] == [True, True, False]
    breaker.succeeded()
    assert breaker.allows(9, 0.0)


def test_each_poll_that_shows_no_failure_doubles_the_sign_ups_before_the_first_success() -> None:
    """Failures arrive within seconds; the first success would be waited for in vain."""
    breaker, in_progress, sent = SignUpBreaker(34), 0, []
    for _ in range(4):
        undecided = in_progress
        while breaker.allows(undecided, 0.0, in_progress):
            undecided += 1
        in_progress = undecided
        sent.append(undecided)
    assert sent == [5, 10, 20, 40]
    breaker.failed(0.0)
    assert not breaker.allows(40, 1.0, 40), "a failure pauses them"


def test_after_a_failure_there_is_a_pause_that_grows() -> None:
    breaker = SignUpBreaker(34, time_scale=2.0)
    pauses = []
    for _ in range(4):
        breaker.failed(0.0)
        pauses.append(breaker.wait(0.0))
    assert pauses == [10.0, 20.0, 40.0, 80.0]
    assert not breaker.allows(0, 79.0)
    assert breaker.allows(0, 80.0)


# --- real builds --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_a_real_build_fills_its_pool_though_a_tenth_of_the_sign_ups_fail(
    night: Night, seed: int
) -> None:
    night.write_pool(size=34, steps="", pool="replacements: 0")
    nth = sorted(random.Random(seed).sample(range(1, 38), 4))
    night.fault({"operation": "signup", "nth": nth}, {"do": "error", "error": "C-9999"}, times=0)
    result = night.build()
    assert (result.exit_code, len(result.built)) == (0, 34)
    assert len(result.failed) == len([n for n in nth if n <= 34 + len(result.failed)])
    assert len(night.active()) == len(night.orgs(State.AVAILABLE)) == 34


def test_a_canary_whose_sign_up_fails_transiently_is_signed_up_again(
    night: Night,
) -> None:
    night.write_pool(size=4, steps="", pool="replacements: 0")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-1015"}, times=2)
    result = night.build()
    assert (result.exit_code, len(result.built), len(result.failed)) == (0, 4, 2)


def test_the_only_sign_up_of_a_build_is_retried_after_the_pause(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the end of the pause leads to it: no other sign-up is decided."""
    monkeypatch.setattr("provisioner.builder.signup_breaker.SHORTEST_PAUSE", 60.0)
    night.write_pool(size=1, steps="", pool="replacements: 0\n")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    assert night.build().exit_code == 0


def test_a_retry_takes_no_sign_up_that_is_kept_for_people(night: Night) -> None:
    night.world.limits.daily = 9
    night.write_pool(size=4, steps="", top="limits: { keep_daily: 5 }")
    night.fault({"operation": "signup"}, {"do": "error", "error": "C-9999"})
    result = night.build()
    assert result.exit_code == 4
    assert night.requests("sobjects.create") == 4
    assert "allows no retry" in result.limit_message
    assert result.limit == "daily_limit"

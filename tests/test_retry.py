"""One budget for one call, whatever its layers; a longer wait above is its next retry."""

from __future__ import annotations

import logging
from contextlib import suppress
from types import SimpleNamespace

import pytest

from provisioner.retry import CALL, DATABASE, STEP, WARN_AFTER, Budget, budget, repeated


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("provisioner.retry.sleep", made.append)
    return made


def call(name: str = "a") -> int:
    """A call that fails as often as it is tried; how often that is."""
    tries = 1
    with suppress(ConnectionError), budget(name) as left:
        while left.wait():
            tries += 1
        raise ConnectionError
    return tries


def test_layers_of_a_call_share_its_tries(waits: list[float]) -> None:
    with budget("above") as outer:
        assert call() == CALL.tries
        assert not outer.wait()
    assert waits == pytest.approx(CALL.waits, rel=CALL.jitter)
    assert call() == CALL.tries, "the next call has its own"


def test_a_repetition_sends_what_has_failed_once_until_it_is_answered() -> None:
    failed: set[str] = set()
    with repeated(failed):
        assert [call(), call(), call()] == [CALL.tries, 1, 1]
        assert call("another") == CALL.tries
    with repeated(failed):
        assert call() == 1
        with budget("a"):
            pass
        assert call() == CALL.tries
    assert call() == CALL.tries


def test_a_refusal_is_no_outage() -> None:
    with repeated(set()):
        with pytest.raises(ValueError, match="refused"), budget("a"):
            raise ValueError("refused")
        assert call() == CALL.tries


def test_the_last_wait_is_repeated() -> None:
    assert [STEP.wait(number) for number in (1, 2, 6, 20, 99)] == [2.0, 4.0, 60.0, 60.0, 60.0]


class Clock:
    """A clock that only `sleep` advances."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        clock = SimpleNamespace(monotonic=lambda: self.seconds)
        monkeypatch.setattr("provisioner.retry.time", clock)
        monkeypatch.setattr("provisioner.retry.sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds


def test_a_time_limit_ends_the_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    left = Budget(DATABASE, seconds=3.0)
    tries = 1
    while left.wait():
        tries += 1
    assert clock.seconds == pytest.approx(3.0)
    assert tries > 10, "the last wait is repeated"
    assert not Budget(DATABASE, seconds=0.0).wait()


def test_a_long_wait_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    left = Budget(DATABASE, seconds=10.0)
    with caplog.at_level(logging.WARNING):
        while clock.seconds < WARN_AFTER:
            left.wait("the ledger is locked")
        assert not caplog.records
        while left.wait("the ledger is locked"):
            pass
    assert [record.message for record in caplog.records] == [
        "the ledger is locked; waiting up to 10 s"
    ]

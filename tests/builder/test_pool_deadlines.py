"""A build warns as soon as a pool will not be ready at its deadline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.builder.forecast import Chain, Unknown, finish_times
from provisioner.builder.history import History
from provisioner.config.pool_deadline import PoolDeadline
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Run
from tests.builder.night import Night


@pytest.mark.parametrize(
    ("at", "zone", "now", "expected"),
    [
        ("07:30", "UTC", "2026-11-28T03:00Z", "2026-11-28T07:30Z"),
        ("07:30", "UTC", "2026-11-28T07:30Z", "2026-11-28T07:30Z"),
        ("07:30", "UTC", "2026-11-28T07:31Z", "2026-11-29T07:30Z"),
        ("07:30", "Europe/Berlin", "2026-11-28T03:00Z", "2026-11-28T06:30Z"),
        ("07:30", "Europe/Berlin", "2026-06-28T03:00Z", "2026-06-28T05:30Z"),
        ("00:10", "Asia/Tokyo", "2026-11-28T16:00Z", "2026-11-29T15:10Z"),
        ("07:30", "Europe/Berlin", "2026-03-28T23:30Z", "2026-03-29T05:30Z"),  # summer begins
    ],
)
def test_the_deadline_is_the_next_time_of_day_in_its_zone(
    at: str, zone: str, now: str, expected: str
) -> None:
    found = PoolDeadline(at=at, timezone=zone).next_after(datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(expected)


REFUSED = {
    "do": "answer",
    "status": 400,
    "body": [{"errorCode": "REQUIRED_FIELD_MISSING", "message": "no"}],
}
STEPS = {"morning": ("settings", "deploy"), "noon": ("settings",)}
KNOWN = History(
    {
        ("morning", "sign-up"): [100.0],
        ("morning", "settings"): [1.0],
        ("morning", "deploy"): [50.0],
    },
    1,
)


def test_orgs_in_progress_have_the_rest_of_their_steps_before_them() -> None:
    chains = [
        Chain("morning", "deploy", 20.0, ()),
        Chain("morning", "sign-up", 90.0, ("settings", "deploy")),
        Chain("morning", "deploy", 900.0, ()),
    ]
    assert finish_times(chains, {}, STEPS, 10, KNOWN) == {"morning": [5.0, 30.0, 61.0], "noon": []}


def test_orgs_that_wait_are_signed_up_as_slots_become_free() -> None:
    chains = [Chain("morning", "sign-up", 40.0, ("settings", "deploy"))]
    found = finish_times(chains, {"morning": 2, "noon": 1}, STEPS, 2, KNOWN)
    assert found == {"morning": [111.0, 151.0, 251.0], "noon": [161.0]}


def test_a_step_that_nobody_has_measured_gives_no_forecast() -> None:
    with pytest.raises(Unknown):
        finish_times([Chain("morning", "load_data", 0.0, ())], {}, STEPS, 2, KNOWN)


def in_time(night: Night, seconds: float, size: int = 2) -> str:
    """A pool whose deadline is in so many seconds; the text of its time."""
    at = f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M}"
    pool = f'deadline: {{ at: "{at}", available: 1 }}'
    night.write_pool(size=size, steps="", pool=pool)
    return at


def remember(night: Night, **seconds: float) -> None:
    """A past night in which the steps have taken so long."""
    config = night.config()
    durations = {"sample": {step.replace("_", "-"): [took] for step, took in seconds.items()}}
    run = Run("past", "host", 1, datetime(2026, 11, 1, tzinfo=UTC))
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        with ledger.builder_lock(run, wait=False):
            ledger.finish_run(replace(run, summary={"durations": durations}))
    finally:
        ledger.close()


def test_a_pool_that_will_be_late_is_reported_at_once_and_once(night: Night) -> None:
    at = in_time(night, 1800)
    remember(night, sign_up=7200.0, settings=1.0, verification=1.0)
    result = night.build()
    assert result.exit_code == 0, "a missed deadline is a warning"
    late = [text for text in night.watcher.messages if "deadline" in text]
    assert len(late) == 1
    assert late[0].startswith(
        f"sample: 0 orgs will be available at the deadline {at} UTC, 1 fewer than wanted; that is "
    )


def test_a_pool_that_will_be_in_time_is_not_reported(night: Night) -> None:
    in_time(night, 1800)
    remember(night, sign_up=60.0, settings=1.0, verification=1.0)
    assert night.build().exit_code == 0
    assert not [text for text in night.watcher.messages if "deadline" in text]


def test_without_a_forecast_the_end_of_the_build_decides(night: Night) -> None:
    night.write_pool(size=2, steps="", pool='deadline: { at: "00:00" }\nreplacements: 0')
    night.fault({"route": "sobjects.create"}, REFUSED, times=0)
    assert night.build().exit_code == 6
    late = [text for text in night.watcher.messages if "deadline" in text]
    assert len(late) == 1
    assert late[0].startswith("sample: 0 orgs will be available at the deadline 00:00 UTC, 2 fewer")

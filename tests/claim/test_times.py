"""Times are shown as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from provisioner.cli.times import moment, relative

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(days=1, hours=4, minutes=59), "in 1d 4h"),
        (timedelta(days=2, minutes=5), "in 2d"),
        (timedelta(hours=3, minutes=7, seconds=59), "in 3h 7m"),
        (timedelta(minutes=1), "in 1m"),
        (timedelta(seconds=59), "now"),
        (timedelta(0), "now"),
        (-timedelta(seconds=59), "now"),
        (-timedelta(hours=2), "2h ago"),
        (-timedelta(days=10, hours=1), "10d 1h ago"),
    ],
)
def test_the_two_largest_units_are_shown(length: timedelta, expected: str) -> None:
    assert relative(NOW + length, NOW) == expected


def test_a_moment_is_shown_in_utc() -> None:
    at = datetime(2026, 11, 26, 7, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert moment(at, NOW) == "2026-11-26 02:00 UTC (in 2d)"

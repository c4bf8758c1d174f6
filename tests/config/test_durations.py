"""Durations as they are written."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.declare.duration import PATTERN, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("20h", 72_000),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1h30m", 5_400),
        ("1d12h", 129_600),
        ("90m", 5_400),
        ("0s", 0),
        ("007h", 25_200),
    ],
)
def test_units_add_up(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "h",
        "20",
        "1:30",
        "20 h",
        "20H",
        "1.5h",
        "-1h",
        "+1h",
        "30m1h",
        "1h1h",
        "٣h",
        "1h\n",
    ],
)
def test_anything_else_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"write \d|(write|must be) a duration like 20h"):
        parse_duration(text)


def test_a_duration_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration("9999999999w")


@given(st.integers(0, 10**9))
def test_what_is_formatted_is_read_back(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))).total_seconds() == seconds


@given(st.text(alphabet="0123456789wdhms. -", max_size=12))
def test_the_pattern_of_the_schema_accepts_the_same(text: str) -> None:
    try:
        parse_duration(text)
        is_good = True
    except ValueError as error:
        is_good = "too long" in str(error)  # the pattern knows no greatest number

    longest = max((len(digits) for digits in re.findall(r"\d+", text)), default=0)
    assert bool(re.search(f"^{PATTERN}$", text)) == is_good or longest > 10

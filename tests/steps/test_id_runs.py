"""Ids are kept in few characters, and come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.steps.id_runs import packed, unpacked

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
IDS = st.text(DIGITS, min_size=15, max_size=15)
GAPS = st.lists(st.sampled_from([1, 1, 1, 2, 2, 3, 61, 62, 5000, -1, -62, 0]), max_size=60)


def numbered(first: int, *gaps: int) -> list[str]:
    numbers = [first]
    for gap in gaps:
        numbers.append(numbers[-1] + gap)
    return [f"001{''.join(DIGITS[n // 62**p % 62] for p in reversed(range(12)))}" for n in numbers]


@given(st.lists(IDS, max_size=30))
def test_any_ids_come_back_in_their_order(ids: list[str]) -> None:
    assert unpacked(packed(ids), len(ids)) == ids


@given(st.integers(10_000, 62**11), GAPS)
def test_ids_near_each_other_come_back_in_their_order(first: int, gaps: list[int]) -> None:
    ids = numbered(first, *gaps)
    assert unpacked(packed(ids), len(ids)) == ids


@pytest.mark.parametrize("gap", [1, 2, 7])
def test_ten_thousand_in_a_row_take_less_than_thirty_characters(gap: int) -> None:
    ids = numbered(5, *[gap] * 9_999)
    assert len(packed(ids)) < 30
    assert unpacked(packed(ids), 10_000) == ids


def test_long_ids_are_kept_in_their_short_form() -> None:
    assert unpacked(packed(["001000000000001AAA"]), 1) == ["001000000000001"]


@pytest.mark.parametrize("text", ["+3", ".1", "=001", "=001000000000001+5", "x", "=0010-"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"run|ids|id"):
        unpacked(text, 3)

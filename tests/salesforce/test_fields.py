"""Fields of answers are read with their type, form and range, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.salesforce import fields
from provisioner.salesforce.answer_json import MalformedAnswerError

READERS: dict[str, Callable[[Any], Any]] = {
    "text": lambda row: fields.text(row, "it"),
    "nullable_text": lambda row: fields.nullable_text(row, "it"),
    "optional_text": lambda row: fields.optional_text(row, "it"),
    "integer": lambda row: fields.integer(row, "it", most=10),
    "flag": lambda row: fields.flag(row, "it"),
    "record_id": lambda row: fields.record_id(row, "it", prefix="001"),
    "nullable_id": lambda row: fields.nullable_id(row, "it"),
    "nullable_day": lambda row: fields.nullable_day(row, "it"),
    "nullable_moment": lambda row: fields.nullable_moment(row, "it"),
    "rows_in": lambda row: fields.rows_in(row, "it"),
    "row_in": lambda row: fields.row_in(row, "it"),
}
BELIEVED: list[tuple[str, Any, Any]] = [
    ("text", "a", "a"),
    ("text", "x" * 255, "x" * 255),
    ("nullable_text", None, ""),
    ("optional_text", None, ""),
    ("integer", 7, 7),
    ("integer", 7.0, 7),
    ("flag", False, False),
    ("flag", "True", True),
    ("record_id", "001000000000001", "001000000000001AAA"),
    ("nullable_id", None, ""),
    ("nullable_day", "2026-11-24T01:00:00.000+0000", date(2026, 11, 24)),
    ("nullable_day", None, None),
    ("nullable_day", "2000-01-01", date(2000, 1, 1)),
    ("nullable_day", "2199-12-31", date(2199, 12, 31)),
    ("nullable_moment", "2026-11-24T01:00:00.000+0000", datetime(2026, 11, 24, 1, tzinfo=UTC)),
    ("rows_in", [{}], [{}]),
    ("row_in", {}, {}),
]
REFUSED: list[tuple[str, Any]] = [
    ("text", ""), ("text", None), ("text", 5), ("text", ["a"]), ("text", "x" * 256),
    ("integer", -1), ("integer", 11), ("integer", "7"), ("integer", True), ("integer", 7.5),
    ("integer", None), ("flag", 1), ("flag", "yes"), ("flag", None),
    ("record_id", "003000000000001"), ("record_id", None), ("record_id", "001-00000000001"),
    ("nullable_id", "1"), ("nullable_day", "tomorrow"), ("nullable_day", "9999-12-31"),
    ("nullable_day", "0001-01-01"), ("nullable_day", 20261124),
    ("nullable_day", "1999-12-31"), ("nullable_day", "2200-01-01"),
    ("nullable_moment", "2026-11-24T01:00:00"), ("nullable_moment", "9999-12-31T23:59:59-23:00"),
    ("rows_in", [1]), ("rows_in", {}), ("rows_in", None), ("row_in", []),
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(("reader", "value", "found"), BELIEVED)
def test_what_the_api_promises_is_read(reader: str, value: Any, found: Any) -> None:
    assert READERS[reader]({"it": value}) == found


@pytest.mark.parametrize(("reader", "value"), REFUSED)
def test_anything_else_is_malformed(reader: str, value: Any) -> None:
    with pytest.raises(MalformedAnswerError, match="it"):
        READERS[reader]({"it": value})


@pytest.mark.parametrize("reader", sorted(set(READERS) - {"optional_text"}))
def test_a_field_that_was_asked_for_and_is_missing_is_malformed(reader: str) -> None:
    with pytest.raises(MalformedAnswerError, match="it is missing"):
        READERS[reader]({})


@pytest.mark.slow
@given(reader=st.sampled_from(sorted(READERS)), value=ANYTHING)
def test_no_value_makes_a_reader_raise_anything_else(reader: str, value: Any) -> None:
    with suppress(MalformedAnswerError):
        READERS[reader]({"it": value})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(None, "null"), ([1], "a list"), ("x", "a text"), (True, "true or false"), (1.5, "a number")],
)
def test_a_whole_answer_of_another_kind_is_named(answer: Any, kind: str) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        fields.row(answer)
    assert str(caught.value) == f"the answer: expected an object, got {kind}"


def test_a_whole_answer_is_an_object_or_a_list_of_objects() -> None:
    assert fields.row({"a": 1}) == {"a": 1}
    assert fields.rows([{"a": 1}, {}]) == [{"a": 1}, {}]
    malformed: tuple[Any, ...] = ({}, [1], None)
    for answer in malformed:
        with pytest.raises(MalformedAnswerError):
            fields.rows(answer)


def test_there_is_one_result_for_each_request() -> None:
    fields.one_for_each([1, 2], 2)
    for wanted in (1, 3):
        with pytest.raises(MalformedAnswerError, match=f"2 results for {wanted} requests"):
            fields.one_for_each([1, 2], wanted)


def test_a_number_that_is_not_exact_everywhere_is_refused() -> None:
    assert fields.integer({"it": 2**53}, "it") == 2**53
    with pytest.raises(MalformedAnswerError):
        fields.integer({"it": 2**53 + 1}, "it")

"""CSV of Bulk API 2.0: delimiters, quotes, and line endings that must be those agreed on."""

from __future__ import annotations

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.emulator.bulk.csv_text import (
    DELIMITERS,
    LINE_ENDINGS,
    CsvError,
    CsvFormat,
    read,
    write,
)

LF, CRLF = CsvFormat(), CsvFormat(line_ending="CRLF")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("", []),
        ("Name\n", [["Name"]]),
        ("Name\nx", [["Name"], ["x"]]),
        ("A,B\n1,\n,2\n", [["A", "B"], ["1", ""], ["", "2"]]),
        ('A,B\n"x, ""y""","a\nb"\n', [["A", "B"], ['x, "y"', "a\nb"]]),
        ('A\n""\n', [["A"], [""]]),
        ("A\n\n\nx\n", [["A"], ["x"]]),
        ("A,B\n1,", [["A", "B"], ["1", ""]]),
    ],
)
def test_records(text: str, records: list[list[str]]) -> None:
    assert list(read(text, LF)) == records
    assert list(read(text.replace("\n", "\r\n"), CRLF)) == [
        [value.replace("\n", "\r\n") for value in record] for record in records
    ]


@pytest.mark.parametrize(
    ("form", "text", "setting"),
    [
        (LF, "A\r\nx\r\n", "LF"),
        (CRLF, "A\nx\n", "CRLF"),
        (LF, "A\rx\r", "LF"),
        (CRLF, "A\r\nx\n", "CRLF"),
    ],
)
def test_another_line_ending_is_an_error(form: CsvFormat, text: str, setting: str) -> None:
    with pytest.raises(CsvError) as caught:
        list(read(text, form))
    assert str(caught.value) == (
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
        f"{setting}"
    )


@pytest.mark.parametrize("text", ['A\nx"y\n', 'A\n"x"y\n', 'A\n"open\n', '\ufeff"A"\n1\n'])
def test_a_stray_quote_is_an_error(text: str) -> None:
    with pytest.raises(CsvError) as caught:
        list(read(text, LF))
    assert str(caught.value) == (
        "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be "
        "within a quote"
    )


@pytest.mark.parametrize("delimiter", sorted(DELIMITERS))
def test_every_delimiter(delimiter: str) -> None:
    form, mark = CsvFormat(delimiter), DELIMITERS[delimiter]
    assert list(read(f'A{mark}B\n"x{mark}"{mark}y\n', form)) == [["A", "B"], [f"x{mark}", "y"]]


_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@given(
    records=st.lists(st.lists(_VALUES, min_size=1, max_size=4), max_size=5),
    form=st.builds(
        CsvFormat, st.sampled_from(sorted(DELIMITERS)), st.sampled_from(sorted(LINE_ENDINGS))
    ),
)
def test_what_is_written_is_read_again(records: list[list[str]], form: CsvFormat) -> None:
    assert list(read(write(records, form), form)) == records


@given(records=st.lists(st.lists(_VALUES, min_size=2, max_size=4), max_size=5))
def test_it_agrees_with_pythons_csv(records: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(records)
    assert list(read(buffer.getvalue(), LF)) == records


@given(text=st.text(st.sampled_from('ab,"\r\n;'), max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    for form in (LF, CRLF):
        with suppress(CsvError):
            assert all(isinstance(record, list) for record in read(text, form))

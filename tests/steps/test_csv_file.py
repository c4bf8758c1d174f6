"""A CSV file for the Bulk API: what is detected, where it is divided, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.steps import csv_file
from provisioner.steps.csv_file import CsvProblem, known_csv, read_csv
from provisioner.steps.disk_file import is_unchanged
from tests.steps.project import write

MARK = "\ufeff"


def problems(path: Path) -> list[str]:
    with pytest.raises(CsvProblem) as caught:
        read_csv(path)
    return caught.value.problems


def sent(path: Path) -> list[str]:
    """The text of each job."""
    found = read_csv(path)
    texts = [b"".join(found.pieces(part)) for part in found.slices]
    assert [len(text) for text in texts] == [found.size(part) for part in found.slices]
    return [text.decode() for text in texts]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "`"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiter_and_line_ending_are_detected(mark: str, ending: str, tmp_path: Path) -> None:
    text = ending.join([mark.join(row) for row in (["Name", "Owner.Ext__c"], ["A", "1"])]) + ending
    found = read_csv(write(tmp_path / "a.csv", text))
    assert (found.delimiter, found.line_ending.decode()) == (mark, ending)
    assert (found.columns, found.rows) == (("Name", "Owner.Ext__c"), 1)
    assert sent(found.path) == [text]


def test_one_column_and_quoted_names(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path / "a.csv", "Name\nA, B\n".replace(", ", " "))).delimiter == ","
    found = read_csv(write(tmp_path / "b.csv", '"Name";"Who:Contact.Ext__c"\nA;1'))
    assert (found.columns, found.delimiter) == (("Name", "Who:Contact.Ext__c"), ";")


def test_the_byte_order_mark_is_removed(tmp_path: Path) -> None:
    assert sent(write(tmp_path / "a.csv", f"{MARK}Name,Phone\nÄ,1\n")) == ["Name,Phone\nÄ,1\n"]


def test_a_file_is_divided_between_rows_and_never_inside_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f'R{n},"first\nsecond ""{n}"", third"\n' for n in range(50)]
    path = write(tmp_path / "a.csv", "Name,Description\n" + "".join(rows))
    assert read_csv(path).slices[0].rows == 50
    monkeypatch.setattr(csv_file, "MOST_BYTES", 200)
    texts = sent(path)
    assert len(texts) > 5
    assert all(len(text) <= 200 and text.startswith("Name,Description\n") for text in texts)
    assert "".join(text.removeprefix("Name,Description\n") for text in texts) == "".join(rows)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path / "a.csv", "Name\nA\n\nB\n\n")).rows == 2


WRONG = {
    "empty": ("", "1: the first line must be a header with the names of the fields"),
    "only a header": ("Name,Phone\n", "1: the file has no rows below its header"),
    "a space": (
        "Name, Phone\nA,1\n",
        "1: the column ' Phone' is not a field; write Field__c, Relation__r.Field__c, or "
        "Relation:Object.Field__c",
    ),
    "twice": ("Name,name\nA,B\n", "1: the column name is there twice"),
    "another delimiter": (
        "Name!Phone\nA!1\n",
        "1: the header may have API names between , ; | ^ ` or tabs, not '!'",
    ),
    "values": ("Name,Phone\nA,1\nB\n", "3: the row has 1 values; the header has 2"),
    "mixed": (
        "Name\nA\r\n",
        "2: the line ends with CRLF, the header with LF; convert the file to one of them",
    ),
    "open quotes": ('Name\n"A\n', "2: the file is not valid CSV: unexpected end of data"),
    "a stray quote": ('Name\n"A"B\n', "2: the file is not valid CSV: ',' expected after '\"'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_problems_name_the_line(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    assert message in problems(write(tmp_path / "a.csv", text))


def test_other_encodings_and_endless_lines_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Name\nÄ\n".encode("latin-1"))
    assert problems(path) == ["2: the file is not valid CSV: it is not UTF-8 text"]
    path = write(tmp_path / "b.csv", b"Name\n" + b"x" * 2_100_000)
    assert problems(path)[0].endswith("a line has more than 2 MB")


def test_at_most_twenty_problems_of_a_file_are_listed(tmp_path: Path) -> None:
    assert len(problems(write(tmp_path / "a.csv", "A,B\n" + "x\n" * 500))) == 20


def test_a_file_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.csv", "Name\nA\n")
    first = known_csv(path)
    assert known_csv(path) is first
    write(path, "Name\nBcd\n")
    assert not is_unchanged(path, first.identity)
    assert known_csv(path).digest != first.digest
    with pytest.raises(OSError, match="changed during the build"):
        list(first.pieces(first.slices[0]))

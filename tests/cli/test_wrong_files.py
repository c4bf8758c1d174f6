"""Each wrong file of the table gets its messages, and its caret points at what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.cli.wrong_files import ALL, EXPECTED, checked, private_key, report

_PROBLEM = re.compile(r"pool\.yaml:(\d+):(\d+): ")
_CASE = re.compile(r"^== (.+) \[(\d+)\]\n", re.MULTILINE)


@pytest.fixture(scope="module")
def key() -> str:
    return private_key()


def expected() -> dict[str, tuple[int, str]]:
    _, *parts = _CASE.split(EXPECTED.read_text())
    return {
        parts[at]: (int(parts[at + 1]), parts[at + 2].rstrip("\n") + "\n")
        for at in range(0, len(parts), 3)
    }


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_file_gets_these_messages(name: str, key: str) -> None:
    code, text = checked(ALL[name], key)

    assert (code, text) == expected()[name]
    assert code in (0, 2)
    assert "Traceback" not in text
    assert "hunter2" not in text


def test_the_table_is_complete_and_its_carets_are_below_what_is_wrong() -> None:
    cases = expected()

    assert list(cases) == list(ALL)
    assert report(cases) == EXPECTED.read_text()
    assert len(cases) > 90
    drawn = [each for name in cases for each in carets(cases[name][1], ALL[name].text)]
    assert len(drawn) > 80
    assert not [each for each in drawn if each[0] != each[1]]


def carets(text: str, source: str) -> Iterator[tuple[str, str]]:
    """The character above each caret, and the one in the file at the position of the problem."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        match = _PROBLEM.match(line)
        if match and at + 2 < len(lines) and lines[at + 2].strip(" |") == "^":
            row, column = int(match[1]), int(match[2])
            above = lines[at + 1][lines[at + 2].index("^") :][:1]
            wrong = source.split("\n")[row - 1][column - 1 : column]
            yield above, {"\t": " ", "\x01": "\\"}.get(wrong, wrong)

"""The line of pool.yaml below a problem, with a caret under its column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.cli.excerpt import WIDTH, excerpt
from provisioner.config.source_lines import source_lines
from provisioner.errors import Problem
from tests.cli.conftest import Cli

SECRET = "hunter2XyZ"


def drawn(line: str, column: int) -> list[str]:
    return excerpt(Problem("pool.yaml", 1, column, "", "wrong"), line)


@pytest.mark.parametrize(
    ("line", "column", "text", "caret"),
    [
        ("size: 2000", 7, "    1 | size: 2000", "      |       ^"),
        ("size: 2000", 1, "    1 | size: 2000", "      | ^"),
        ("size:", 6, "    1 | size:", "      |      ^"),
        ("size:   ", 40, "    1 | size:", "      |      ^"),
        ("\tsize: 1", 2, "    1 |     size: 1", "      |     ^"),
        ("ab\tc: 1", 4, "    1 | ab  c: 1", "      |     ^"),
        ("名前: x", 5, "    1 | 名前: x", "      |       ^"),
        ("e\u0301t\u00e9: x", 4, "    1 | e\u0301t\u00e9: x", "      |   ^"),
        ("\U0001f680: x", 2, "    1 | \U0001f680: x", "      |   ^"),
        ("a\x1b[1mb: x", 6, "    1 | a\\x1b[1mb: x", "      |         ^"),
        ("a: x\r", 4, "    1 | a: x", "      |    ^"),
    ],
)
def test_the_caret_is_below_the_column(line: str, column: int, text: str, caret: str) -> None:
    assert drawn(line, column) == [text, caret]


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("column", [1, 5, 40, 60, 72, 73, 74, 120, 299, 300, 301, 400])
def test_a_long_line_is_cut_around_the_caret(width: int, column: int) -> None:
    line = "".join("名" if width == 2 else chr(ord("a") + at % 26) for at in range(300))

    text, caret = drawn(line, column)

    assert columns(text) <= WIDTH
    assert len(caret) <= WIDTH
    before = text[8:]
    at = 0
    while columns(before[:at]) < caret.index("^") - 8:
        at += 1
    under = before[at : at + 1]
    assert under == line[column - 1 : column]
    assert text.endswith("…") == (column < 280)


def columns(text: str) -> int:
    return sum(2 if character == "名" else 1 for character in text)


@given(
    line=st.text(st.sampled_from("ab:\t名é{}'"), max_size=200).filter(str.strip),
    data=st.data(),
)
def test_the_caret_is_below_its_character_in_any_line(line: str, data: st.DataObject) -> None:
    line = line.rstrip()
    column = data.draw(st.integers(1, len(line) + 1))

    text, caret = drawn(line, column)

    assert columns(text) <= WIDTH
    assert len(caret) <= WIDTH
    under = "".join(character * columns(character) for character in text)[caret.index("^") :][:1]
    assert under == line[column - 1 : column].replace("\t", " ")


def test_characters_that_the_output_does_not_have_are_escapes() -> None:
    problem = Problem("pool.yaml", 123456, 3, "", "wrong")

    assert excerpt(problem, "\u00e9: x", "ascii") == ["123456 | \\xe9: x", "       |      ^"]
    cut = excerpt(Problem("pool.yaml", 1, 150, "", "wrong"), "x" * 300, "ascii")
    assert (cut[0][8], cut[0][-1], len(cut[0])) == (".", ".", WIDTH)


def test_a_line_of_a_megabyte_is_no_problem() -> None:
    text, caret = drawn("x" * 1_000_000, 500_000)

    assert (len(text), text[8], text[-1]) == (WIDTH, "…", "…")
    assert text[caret.index("^")] == "x"


def test_no_line_is_drawn_for_an_empty_one_or_a_position_outside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pool.yaml"
    path.write_text("a: 1\n")

    assert source_lines(path, [0, 1, 2, 3, 99]) == {1: "a: 1", 2: ""}
    assert source_lines(tmp_path / "none.yaml", [1]) == {}
    assert drawn("   ", 1) == []


HIDDEN = {
    "a secret key": f"installation_key: {SECRET}",
    "below a secret key": f"installation_keys:\n  Billing: {SECRET}",
    "in a flow mapping": f"x: {{ a: 1, password: {SECRET} }}",
    "in a block": f"private_key_passphrase: >-\n  {SECRET}",
    "behind an alias": f"x-one: &one {SECRET}\ninstallation_key: *one",
    "a password in a URL": f"ledger: postgresql://ann:{SECRET}@db/pools",
    "in the query of a URL": f"ledger: postgresql://db/pools?password={SECRET}",
    "a ledger of no known form": f"ledger: {SECRET}",
    "an auth URL": f"note: force://PlatformCLI::{SECRET}@acme.my.salesforce.com",
    "a private key": f"private_key: |\n  -----BEGIN PRIVATE KEY-----\n  {SECRET}{'A' * 30}\n",
    "a private key behind a #": f"a: 1\n# -----BEGIN PRIVATE KEY-----\n# {SECRET}{'A' * 30}",
    "a damaged private key": f"private_key: |\n  {SECRET}\n  {SECRET}",
    "a header": f"command: [curl, -H, 'Authorization: Bearer {SECRET}']",
}


@pytest.mark.parametrize("broken", ["", "\n  : : [", "\n\t- x"], ids=["yaml", "broken", "tab"])
@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_line_with_a_secret_is_never_shown(tmp_path: Path, text: str, broken: str) -> None:
    path = tmp_path / "pool.yaml"
    path.write_text(f"size: 3\n{text}{broken}\n")

    lines = source_lines(path, range(9))

    assert lines[1] == "size: 3"
    assert SECRET not in "".join(lines.values())


def test_variables_and_paths_are_shown(tmp_path: Path) -> None:
    text = (
        "installation_key: ${KEY}\nprivate_key: ~/.certs/server.key\n"
        "ledger: postgresql://pools:${PASSWORD}@db/pools"
    )
    path = tmp_path / "pool.yaml"
    path.write_text(text)

    shown = source_lines(path, [1, 2])

    assert shown == {1: "installation_key: ${KEY}", 2: "private_key: ~/.certs/server.key"}


def test_only_the_lines_of_a_secret_are_hidden(tmp_path: Path) -> None:
    path = tmp_path / "pool.yaml"
    path.write_text(f"a: 1\nx_secret: |\n  {SECRET}\n  {SECRET}\nb: 2\n")

    assert source_lines(path, range(9)) == {1: "a: 1", 5: "b: 2", 6: ""}


@pytest.mark.parametrize("text", ["a: " * 300_000, "x" * 900_000, "{" * 900_000, "a: 1\n" * 20_000])
def test_a_file_of_any_shape_is_examined_in_a_moment(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pool.yaml"
    path.write_text(text)

    assert source_lines(path, [1]) in ({}, {1: "a: 1"})


def test_lines_are_counted_as_yaml_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "pool.yaml"
    path.write_bytes("a: 1\r\nb: 2\rc: 3\u2028d: 4\x85e: 5\n".encode())

    shown = source_lines(path, range(9))

    assert list(shown.values()) == ["a: 1", "b: 2", "c: 3", "d: 4", "e: 5", ""]


def test_other_commands_show_it_as_well(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text("dev_hub: x\n")

    done = cli("plan")

    assert done.code == 2
    assert done.err.splitlines() == [
        "pool.yaml:1:10: dev_hub: is a single value; write keys with values",
        "    1 | dev_hub: x",
        "      |          ^",
    ]
    assert cli("plan", "--quiet").err.splitlines() == done.err.splitlines()[:1]

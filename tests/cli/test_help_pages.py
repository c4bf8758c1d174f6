"""The help pages: groups, examples that can be copied, no hidden option, at most 80 columns."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.examples import EXAMPLES
from provisioner.cli.table import GROUPS
from tests.cli.command_tree import LEAVES, NAMES, TABLE, commands, parse
from tests.cli.conftest import Cli


def command_lines(text: str) -> list[list[str]]:
    """The words of each command of examples, without the program that reads its output."""
    lines = text.strip().replace("\\\n", " ").splitlines()
    return [
        shlex.split(re.split(r" (?:\||\d?>) ", line)[0])
        for line in lines
        if not line.startswith("#")
    ]


def test_each_command_is_in_a_group_of_the_list(cli: Cli) -> None:
    sections = re.findall(r"^(\S+):\n((?:  .+\n)+)", cli("--help").out, re.MULTILINE)
    listed = {line.split()[0]: group for group, lines in sections for line in lines.splitlines()}
    assert [group for group, _ in sections] == ["Options", *GROUPS]
    for name, at in TABLE.items():
        assert listed[name] == at.group


def test_every_command_has_examples_and_no_other_has() -> None:
    assert set(EXAMPLES) == set(LEAVES)


def test_the_page_of_commands_has_all_options() -> None:
    """Those of the emulator are on its own page."""
    pages = Path(__file__).parents[2] / "docs"
    rows = (pages / "commands.md").read_text(encoding="utf-8").splitlines()
    for name, command in commands():
        if name in LEAVES:
            found = [row for row in rows if row.startswith((f"| `{name} ", f"| `{name}`"))]
            assert len(found) == 1, name
            page = (pages / "emulator.md").read_text("utf-8") if name == "emulator" else found[0]
            assert [option for option in own_options(command) if option not in page] == []


def own_options(command: Any) -> list[str]:
    """The long names of the options that not every command has."""
    shared = {"--config", "--json", "--quiet", "--no-color", "--help"}
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    names = [name for each in shown for name in each.opts if name.startswith("--")]
    return [name for name in names if name not in shared]


@pytest.mark.parametrize("name", LEAVES)
def test_the_examples_are_commands_that_exist(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is parsed as if it were typed, in a folder with the files that it names."""
    monkeypatch.chdir(tmp_path)
    found = command_lines(EXAMPLES[name])
    assert found
    for program, *words in found:
        assert program == "provisioner"
        assert words[: name.count(" ") + 1] == name.split()
        for word in words:
            if re.fullmatch(r"[\w-]+\.(json|key|yaml)", word):
                (tmp_path / word).touch()
        parse(words)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_80_columns_and_ends_with_its_examples(
    cli: Cli, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    page = cli(*name.split(), "--help").out
    assert max(map(len, page.splitlines())) <= 80
    assert "…," not in page
    assert "..." not in page.replace("[ARGS]...", "")
    examples = page.partition("\nExamples:\n")[2]
    assert examples.startswith("  # ")
    for line in EXAMPLES.get(name, "").strip().splitlines():
        assert f"  {line}\n" in examples


@pytest.mark.parametrize("name", ["", *NAMES])
def test_h_is_help(cli: Cli, name: str) -> None:
    assert cli(*name.split(), "-h").out == cli(*name.split(), "--help").out


def test_no_page_shows_a_hidden_option(cli: Cli) -> None:
    hidden = {
        (name, option)
        for name, command in commands()
        for parameter in command.params
        if getattr(parameter, "hidden", False)
        for option in parameter.opts
    }
    assert ("build", "--time-scale") in hidden
    for name, option in hidden:
        assert option not in cli(*name.split(), "--help").out.split()


def test_defaults_and_ranges_are_in_words(cli: Cli) -> None:
    page = " ".join(cli("emulator", "--help").out.split())
    assert "[default: 0; 0 to 65535]" in page
    assert "[default: 1; at least 0.001]" in page
    assert not [name for name in NAMES if "<=" in cli(*name.split(), "--help").out]


def test_an_option_is_never_broken_at_a_hyphen(cli: Cli) -> None:
    for name in NAMES:
        page = cli(*name.split(), "--help").out
        assert not re.search(r"-$", page, re.MULTILINE), name

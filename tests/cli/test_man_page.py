"""The manual page that the wheel installs has the texts of the help pages."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from provisioner.cli.examples import EXAMPLES
from tests.cli.command_tree import NAMES, commands
from tests.cli.man_page import PAGE, man_page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == man_page(), "run scripts/man"


@pytest.fixture(scope="module")
def shown() -> str:
    """The page as `man` shows it, in lines that are wide enough for a paragraph."""
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc here")
    read = ["mandoc", "-T", "utf8", "-O", "width=400", str(PAGE)]
    return re.sub(".\b", "", subprocess.run(read, capture_output=True, text=True).stdout)


def test_the_page_has_all_commands_and_their_examples(shown: str) -> None:
    for name in NAMES:
        assert re.search(rf"^ +provisioner {name} ", shown, re.MULTILINE)
        for line in EXAMPLES.get(name, "").strip().splitlines():
            assert line in shown
    assert re.search(r"\n +6 +fewer orgs were built than wanted; ", shown)


def test_the_page_has_no_hidden_option() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for _, command in commands():
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                assert not [name for name in parameter.opts if re.search(rf"{name}\b", text)]

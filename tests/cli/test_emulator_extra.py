"""Without the extra `emulator`, the commands that need it say what to install."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml", None)


@pytest.mark.usefixtures("without_extra")
@pytest.mark.parametrize("command", ["emulator", "rehearse"])
def test_a_command_that_needs_the_emulator_says_what_to_install(cli: Cli, command: str) -> None:
    done = cli(command)

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: the emulator needs defusedxml, which are not in the base installation\n"
        "hint: pip install 'provisioner[emulator]'\n"
    )


@pytest.mark.usefixtures("without_extra")
def test_the_missing_extra_has_a_code_in_json(cli: Cli) -> None:
    done = cli("rehearse", "--json")

    assert (done.code, done.json["error"]["code"]) == (2, "emulator_missing")

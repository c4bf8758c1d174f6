"""The command line, run in this process, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from provisioner.cli.invocation import Invocation
from provisioner.cli.main import run
from provisioner.cli.table import COMMANDS, Listed
from tests.cli.fake_commands import DEEDS

Deed = Callable[[Invocation], Any]


@dataclass
class Done:
    """What an invocation left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Done]


def tree(folder: Path) -> set[str]:
    """The files in a folder and below it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for name in ("SF_HUB_USERNAME", "SF_CONSUMER_KEY", "SF_PRIVATE_KEY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: str) -> Done:
        code = run(arguments)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return invoke


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = cast("dict[str, Any]", COMMANDS)
    monkeypatch.setitem(
        table, "fake", Listed("Tools", "tests.cli.fake_commands", "Do what the test wants.")
    )
    monkeypatch.setitem(
        table, "gone", Listed("Tools", "tests.cli.no_such_module", "Nowhere to be found.")
    )
    monkeypatch.setitem(table, "group", Listed("Tools", "tests.cli.fake_group", "A group."))


@pytest.fixture
def deed() -> Iterator[Callable[[Deed], None]]:
    """Sets what the command `fake` does."""
    yield DEEDS.append
    DEEDS.clear()

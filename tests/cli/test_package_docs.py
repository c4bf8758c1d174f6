"""The example of docs/packages.md is rehearsed as it is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs/packages.md"
_FILE = re.compile(r"`([\w.-]+)`[^`]*(?:\([^)]*\))?:\n\n```\w+\n(.*?)```", re.DOTALL)


def test_the_example_is_built(cli: Cli, tmp_path: Path) -> None:
    files = dict(_FILE.findall(PAGE.read_text(encoding="utf-8")))
    assert files.keys() == {"pool.yaml", "sfdx-project.json", "packages.json"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "force-app").mkdir()
    (tmp_path / "config").mkdir()
    definition = {"edition": "Developer", "orgName": "Acme"}
    (tmp_path / "config/project-scratch-def.json").write_text(json.dumps(definition))
    done = cli("rehearse", "--speed", "2000", "--json")
    assert done.code == 0, done.err
    assert "assumes" not in done.err, "the example describes all of its packages"
    assert done.json["built"] == 1

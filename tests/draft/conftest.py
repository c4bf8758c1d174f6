"""Projects for which `init` drafts a pool.yaml, and the command line in their folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Cli, Done
from tests.cli.conftest import cli as cli

PROJECT: dict[str, Any] = {
    "packageDirectories": [{"path": "force-app", "default": True}],
    "sourceApiVersion": "65.0",
    "name": "Acme Clinic",
}
DEFINITION = {"edition": "Developer"}
PERMISSION_SET = """\
<?xml version="1.0" encoding="UTF-8"?>
<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>Any</label>%s</PermissionSet>
"""
SETS = "force-app/main/default/permissionsets"

Make = Callable[[Mapping[str, Any]], None]


@pytest.fixture
def make(cli: Cli, tmp_path: Path) -> Make:
    """Writes a project with these further files; None leaves one of the usual ones out."""
    usual: dict[str, Any] = {
        "sfdx-project.json": PROJECT,
        "config/project-scratch-def.json": DEFINITION,
        f"{SETS}/Planner.permissionset-meta.xml": PERMISSION_SET % "",
    }

    def write(files: Mapping[str, Any]) -> None:
        for name, content in {**usual, **files}.items():
            if content is None:
                continue
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content if isinstance(content, str) else json.dumps(content))

    return write


@pytest.fixture
def init(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs `init`, and requires that `check` accepts the result."""

    def run(*arguments: str, variables: Mapping[str, str] | None = None) -> Done:
        done = cli("init", "--keys", "keys", *arguments)
        assert done.code == 0, done.err
        names = {"SF_HUB_USERNAME": "hub@acme.example", "SF_CONSUMER_KEY": "3MVG9consumer"}
        for name, value in {**names, **(variables or {})}.items():
            monkeypatch.setenv(name, value)
        config = [a for pair in pairwise(arguments) if "--config" in pair for a in pair]
        checked = cli("check", *config)
        assert checked.code == 0, checked.out
        return done

    return run


def text() -> str:
    """The file, with each comment on one line."""
    return re.sub(r"\n *# (?! |-|\w+:)", " ", Path("pool.yaml").read_text(encoding="utf-8"))


def pools(path: Path = Path("pool.yaml")) -> dict[str, Any]:
    """The pools of the file."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))["pools"]
    assert isinstance(found, dict)
    return found


def pool() -> dict[str, Any]:
    """The only pool of the file."""
    [found] = pools().values()
    assert isinstance(found, dict)
    return found

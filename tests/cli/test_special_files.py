"""`check` of the sample, with each of the files that it names replaced by what never ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.slow

MANIFEST = """\
<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata"><version>65.0</version></Package>
"""
NAMED = (
    "pool.yaml",
    "keys/server.key",
    "keys/server.crt",
    "config/project-scratch-def.json",
    "sfdx-project.json",
    ".forceignore",
    "secret.txt",
    "gone.xml",
    "data/sample-plan.json",
    "data/Account.json",
    "scripts/setup.apex",
    "force-app/main/default/classes/VisitService.cls",
    "force-app/main/default/classes/VisitService.cls-meta.xml",
    "force-app/main/default/objects/Visit__c/fields/Notes__c.field-meta.xml",
    "force-app/main/default/lwc/plannedVisits/plannedVisits.js",
)


@pytest.fixture(autouse=True)
def _sample(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")
    assert cli("init", "--keys", "keys").code == 0
    pool = tmp_path / "pool.yaml"
    step = "deploy_source: { path: ., destructive_changes: { after: gone.xml } }"
    pool.write_text(pool.read_text().replace("deploy_source: { path: . }", step))
    (tmp_path / "gone.xml").write_text(MANIFEST)
    (tmp_path / "secret.txt").write_text("secret")
    project = tmp_path / "sfdx-project.json"
    entry = '{"glob": "**/*.cls", "stringToReplace": "Visit", "replaceWithFile": "secret.txt"}'
    project.write_text(project.read_text().replace("{", f'{{"replacements": [{entry}],', 1))
    done = cli("check")
    assert done.code == 0, done.err


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("target", ["a pipe", "/dev/zero"])
def test_a_special_file_is_a_problem_and_does_not_block(
    name: str, target: str, cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.unlink()
    if target == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target)

    done = cli("check")

    if name == "keys/server.crt":  # searched for next to the key, and ignored
        assert done.code == 0
        return
    assert done.code == 2, done.err
    assert name.rpartition("/")[2] in done.err
    assert (
        "not a regular file" in done.err or "neither a file" in done.err or "leads out" in done.err
    )

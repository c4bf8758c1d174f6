"""The manifest holds what a consumer needs, and no secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.manifest_entries import contents
from provisioner.errors import ProvisionerError, UsageError
from provisioner.ledger.base import Org, State
from provisioner.report.manifest import manifest, write_manifest
from tests.builder.night import Night
from tests.builder.test_interruption import Command

pytestmark = pytest.mark.slow

ORG = Org("morning-1@acme.example", "morning", State.AVAILABLE, fingerprint="f")


def test_a_build_writes_usernames_hosts_and_contents(night: Night) -> None:
    night.write_pool(size=1, steps="- install_package: { version: 04t000000000001AAA }\n")
    code, _, err = Command(night, "build", "--time-scale", "0.002", "--manifest", "orgs.json").end()
    assert code == 0, err
    document = json.loads((night.folder / "orgs.json").read_text())
    (entry,) = document["orgs"]
    (org,) = night.orgs()
    assert (entry["username"], entry["org_id"]) == (org.username, org.org_id)
    assert entry["contents"]["packages"] == ["04t000000000001AAA"]
    assert entry["contents"]["definition"] == "config/project-scratch-def.json"
    code, out, _ = Command(night, "status", "--manifest").end()
    assert code == 0
    assert json.loads(out)["orgs"] == document["orgs"]


STEPS = """\
- deploy_source: { path: app }
- assign_permission_sets: { sets: [Visit_Planner], groups: [Planners], licenses: [Planning] }
- load_data: { plan: data/sample-plan.json }
- load_data: { files: [data/sample-plan.json] }
- create_users: [config/agent-user.json]
"""


def test_contents_name_what_the_steps_put_into_an_org(night: Night) -> None:
    shutil.copytree(night.folder, night.folder / "app")
    night.write_json("config/agent-user.json", {"LastName": "Agent"})
    commit = ["commit", "-q", "--allow-empty", "-m", "x"]
    for arguments in (["init", "-q"], ["-c", "user.name=a", "-c", "user.email=a@b", *commit]):
        subprocess.run(["git", "-C", str(night.folder / "app"), *arguments], check=True)
    night.write_pool(steps=STEPS)
    config = night.config()
    prints = {("sample", "config/project-scratch-def.json"): "f1"}
    found = contents(config, ["sample"], prints)["f1"]
    assert found["source"] == ["app"]
    assert re.fullmatch("[0-9a-f]{40}", found["source_commit"]), "of the project that is deployed"
    assert found["permission_sets"] == ["Visit_Planner", "Planners", "Planning"]
    assert found["data"] == ["data/sample-plan.json"]
    assert found["users"] == ["agent"]
    assert found["steps"] == [
        "deploy_source",
        "assign_permission_sets",
        "load_data",
        "load_data",
        "create_users",
    ]


@pytest.mark.parametrize(
    "purpose",
    [
        "00D000000000001!AQ",
        "-----BEGIN PRIVATE KEY",
        "force://PlatformCLI::x@y",
        "eyJhbGciOiJSUzI1NiJ9.x",
    ],
)
def test_anything_token_shaped_refuses_the_whole(purpose: str) -> None:
    with pytest.raises(ProvisionerError, match="token or key"):
        manifest([replace(ORG, owner=purpose)], {})


def test_orgs_that_cannot_be_used_are_not_listed() -> None:
    states = [State.FAILED, State.BUILDING, State.EXPIRED]
    assert manifest([replace(ORG, state=state) for state in states], {})["orgs"] == []


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    document: dict[str, Any] = {"orgs": []}
    write_manifest(tmp_path / "m.json", document)
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]
    with pytest.raises(UsageError, match="cannot be written"):
        write_manifest(tmp_path / "no" / "m.json", document)

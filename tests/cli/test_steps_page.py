"""The examples of docs/steps.md are valid, and a build runs them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.builder.night import Night
from tests.steps.project import SEED, metadata_folder, write, zipped_folder
from tests.test_layers import ROOT

pytestmark = pytest.mark.slow

META = (
    '<ApexClass xmlns="http://soap.sforce.com/2006/04/metadata">'
    "<apiVersion>65.0</apiVersion></ApexClass>"
)
TEST = "@IsTest\nclass PricesTest { @IsTest static void works() { } }"


def steps() -> str:
    """All entries of the page, but that of another distribution."""
    page = (ROOT / "docs/steps.md").read_text(encoding="utf-8")
    found = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return "".join(block for block in found if "ensure_account" not in block)


@pytest.fixture(scope="module")
def key_pair() -> KeyPair:
    return make_key_pair()


@pytest.fixture
def night(tmp_path: Path, key_pair: KeyPair) -> Iterator[Night]:
    """A project that has what the examples name."""
    world = World(certificate=key_pair.certificate, latencies=Latencies(1000, seed=0))
    with EmulatorServer(world) as server:
        made = Night(tmp_path, server, key_pair.private_key)
        project = json.loads((tmp_path / "sfdx-project.json").read_text())
        project["packageDirectories"].append({"path": "extra"})
        write(tmp_path / "sfdx-project.json", json.dumps(project))
        write(tmp_path / "extra/classes/PricesTest.cls", TEST)
        write(tmp_path / "extra/classes/PricesTest.cls-meta.xml", META)
        (tmp_path / "build").mkdir()
        folder = metadata_folder(tmp_path / "mdapi", sets=["Extra"])
        zipped_folder(folder, tmp_path / "build/package.zip")
        metadata_folder(tmp_path / "extras", sets=["Extras"])
        write(tmp_path / "scripts/seed.py", SEED)
        write(tmp_path / "data/seed.csv", "Name\nAcme\n")
        definition = (tmp_path / "config/project-scratch-def.json").read_bytes()
        write(tmp_path / "config/person-accounts.json", definition)
        yield made


def test_a_build_runs_the_examples_of_the_page(night: Night) -> None:
    text = steps().replace("[python, ", f"[{sys.executable}, ")
    assert len(yaml.safe_load(text)) >= 6
    night.write_pool(size=1, steps=text)
    path = night.folder / "pool.yaml"
    listed = "[config/person-accounts.json]"
    path.write_text(path.read_text().replace("[config/project-scratch-def.json]", listed))
    result = night.build()
    assert result.exit_code == 0, [org.error for org in result.failed]

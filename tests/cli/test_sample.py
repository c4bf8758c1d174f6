"""The sample that `init` writes is good for the real platform, as far as its files can show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from provisioner.cli.sample_project import KEY_LINE, sample_files
from provisioner.config.load import read
from provisioner.config.org_definitions import read_definition
from provisioner.config.schema import schema
from provisioner.steps import STEPS
from tests.test_layers import ROOT

pytestmark = pytest.mark.slow

METADATA = "{http://soap.sforce.com/2006/04/metadata}"
SOURCE = "force-app/main/default"


def xml_files() -> list[str]:
    return [name for name in sample_files() if name.endswith("-meta.xml")]


def xml(name: str) -> ET.Element:
    return ET.fromstring(sample_files()[name])


def texts(root: ET.Element, path: str) -> list[str]:
    found = root.iterfind("/".join(METADATA + part for part in path.split("/")))
    return [element.text or "" for element in found]


@pytest.mark.parametrize("name", xml_files())
def test_metadata_is_well_formed_and_in_its_name_space(name: str) -> None:
    root = xml(name)

    assert root.tag.startswith(METADATA)
    if "classes" in name or "triggers" in name or "lwc" in name:
        assert texts(root, "apiVersion") == ["65.0"]


def test_required_fields_are_left_out_of_the_permission_set() -> None:
    """The platform refuses field permissions for a required field."""
    fields = {
        texts(xml(name), "fullName")[0]: texts(xml(name), "required") == ["true"]
        for name in xml_files()
        if "/fields/" in name
    }
    permissions = texts(
        xml(f"{SOURCE}/permissionsets/Visit_Planner.permissionset-meta.xml"),
        "fieldPermissions/field",
    )

    assert set(permissions) == {f"Visit__c.{name}" for name, needed in fields.items() if not needed}


def test_the_layout_shows_every_field_and_requires_the_required_one() -> None:
    layout = xml(f"{SOURCE}/layouts/Visit__c-Visit Layout.layout-meta.xml")
    items = "layoutSections/layoutColumns/layoutItems"
    behaviours = dict(
        zip(texts(layout, f"{items}/field"), texts(layout, f"{items}/behavior"), strict=True)
    )

    assert behaviours["Visit_Date__c"] == "Required"
    assert {name for name in behaviours if name.endswith("__c")} == {
        texts(xml(name), "fullName")[0] for name in xml_files() if "/fields/" in name
    }


def test_the_data_resolves_and_fits_the_object() -> None:
    sample = sample_files()
    known: set[str] = set()
    fields = {texts(xml(name), "fullName")[0] for name in xml_files() if "/fields/" in name}
    for entry in json.loads(sample["data/sample-plan.json"]):
        for name in entry["files"]:
            for record in json.loads(sample[f"data/{name}"])["records"]:
                attributes = record.pop("attributes")
                assert attributes["type"] == entry["sobject"]
                references = {value for value in record.values() if str(value).startswith("@")}
                assert references <= known
                known.add(f"@{attributes['referenceId']}")
                if entry["sobject"] == "Visit__c":
                    assert record.keys() <= fields


def test_the_definition_breaks_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_bytes(sample_files()["config/project-scratch-def.json"])

    content, problems = read_definition(path)

    assert problems == ()
    assert {"edition", "features", "settings", "objectSettings"} <= content.keys()


def test_pool_yaml_is_yaml_to_any_reader_and_uses_known_steps() -> None:
    text = sample_files()["pool.yaml"].decode()

    [pool] = yaml.safe_load(text)["pools"].values()

    assert KEY_LINE in text
    assert pool["size"] == 3
    assert {kind for entry in pool["steps"] for kind in entry} <= STEPS.keys()


def test_the_sample_is_the_pool_yaml_at_the_root_with_its_files(tmp_path: Path) -> None:
    root = (ROOT / "pool.yaml").read_text()
    written = sample_files()["pool.yaml"].decode()

    assert (ROOT / "provisioner/sample/pool.yaml").samefile(ROOT / "pool.yaml")
    assert "provisioner/sample" not in written
    different = [
        pair
        for pair in zip(root.splitlines(), written.splitlines(), strict=True)
        if pair[0] != pair[1]
    ]
    assert len(different) == 4  # definition, source, plan and script


def keys_of(schema: Any) -> set[str]:
    """Every key that a schema knows, but for names that users choose."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own.union(*map(keys_of, schema.values()))


def test_pool_yaml_explains_every_key() -> None:
    text = (ROOT / "pool.yaml").read_text()

    missing = {key for key in keys_of(schema()) if not re.search(rf"\b{key}\b", text)}

    assert not missing, "write them into pool.yaml, behind a # where they are optional"


def test_keys_behind_a_hash_are_valid(tmp_path: Path) -> None:
    for name, content in sample_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "server.crt").write_text("")
    path = tmp_path / "pool.yaml"
    text, uncommented = re.subn(r"(?m)^( *)# (\w+: )", r"\1\2", path.read_text())
    path.write_text(text)
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "hub@acme.example")
    environ["SF_PRIVATE_KEY"] = "-----BEGIN PRIVATE KEY-----"

    reading = read(path, environ=environ)

    assert uncommented > 12
    assert reading.problems == ()


@pytest.mark.parametrize("from_sdist", [False, True])
def test_an_installed_wheel_writes_the_same_sample(from_sdist: bool, tmp_path: Path) -> None:
    source = ROOT
    if from_sdist:
        built = call("build_sdist", ROOT, tmp_path)
        with tarfile.open(tmp_path / built) as archive:
            archive.extractall(tmp_path, filter="data")
        source = tmp_path / built.removesuffix(".tar.gz")
    with zipfile.ZipFile(tmp_path / call("build_wheel", source, tmp_path)) as wheel:
        wheel.extractall(tmp_path / "installed")
    command = [sys.executable, "-m", "provisioner", "init", "made"]
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}

    subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)

    made = tmp_path / "made"
    found = {str(p.relative_to(made)): p.read_bytes() for p in made.rglob("*") if p.is_file()}
    project = yaml.safe_load(found["pool.yaml"])["project"]
    assert found == sample_files(project=project)


def call(hook: str, source: Path, out: Path) -> str:
    """A hook of the build backend; the answer is the name of the file that it made."""
    code = f"from flit_core import buildapi; print(buildapi.{hook}({str(out)!r}))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    return done.stdout.strip()

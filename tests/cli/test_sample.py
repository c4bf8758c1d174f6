"""The sample that `init` writes is good for the real platform, as far as its files can show."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from provisioner.cli.init import KEY_LINE, sample_files
from provisioner.config.definition import read_definition
from provisioner.steps import STEPS

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

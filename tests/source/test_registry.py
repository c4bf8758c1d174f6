"""The table of types is the published one, and everything that it names is known here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import provisioner.source
from provisioner.source import SourceError, package
from provisioner.source.adapters import ADAPTERS
from provisioner.source.registry import RegistryError, load
from provisioner.source.transform import TRANSFORMERS
from tests.source.projects import Covering, write

TABLE = json.loads((Path(provisioner.source.__file__).parent / "registry.json").read_text())
LAYERS = [(), *((preset,) for preset in TABLE["presets"])]


def test_the_table_says_which_release_it_is_of() -> None:
    assert TABLE["package"] == "@salesforce/source-deploy-retrieve"
    assert TABLE["version"] == "13.7.0"
    assert TABLE["published"].startswith("20")
    assert len(TABLE["types"]) == 539


@pytest.mark.parametrize("presets", LAYERS, ids=[" ".join(names) or "none" for names in LAYERS])
def test_every_type_has_a_known_adapter_and_transformer(presets: tuple[str, ...]) -> None:
    registry = load(presets)
    types = [registry.type(type_id) for type_id in {**TABLE["types"]}]
    children = [child for parent in types for child in parent.children.values()]
    for kind in [*types, *children]:
        assert kind.adapter in ADAPTERS, kind.name
        assert kind.transformer in TRANSFORMERS, kind.name


def test_each_suffix_leads_to_a_type() -> None:
    registry = load()
    for suffix in registry.suffixes:
        kind = registry.by_suffix(suffix)
        assert kind is not None


def test_a_name_is_found_whatever_its_case_and_an_alias_leads_on() -> None:
    registry = load()
    assert registry.by_name(" apexCLASS ").suffix == "cls"
    assert registry.by_name("EmailTemplateFolder").name == "EmailFolder"
    assert registry.by_name("CustomField").element == "fields"


def test_strict_folders_are_asked_in_the_published_order() -> None:
    names = [kind.directory for kind in load().strict_types]
    assert names == list(TABLE["strictDirectoryNames"])
    assert len(names) == 36


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RegistryError, match="no preset 'nope'; known presets: decompose"):
        load(["nope"])


def test_an_empty_text_removes_an_entry_and_an_entry_replaces_the_whole() -> None:
    own: dict[str, dict[str, Any]] = {
        "types": {"apexclass": {"name": "Mine", "directoryName": "mine"}},
        "suffixes": {"trigger": ""},
    }
    registry = load((), own)
    assert registry.by_suffix("trigger") is None
    assert registry.type("apexclass").suffix == ""


def test_a_customised_type_without_a_name_is_refused_at_the_project_file(tmp_path: Path) -> None:
    own = {"types": {"w": {"directoryName": "ws", "suffix": "w"}}, "suffixes": {"w": "w"}}
    project = Covering({"force-app/ws/A.w-meta.xml": "<W/>"}, {"registryCustomizations": own})
    with pytest.raises(SourceError, match=r"sfdx-project\.json:1:1: metadata type w has no 'name'"):
        package(write(project, tmp_path), api_version="58.0")

"""`settings` and `objectSettings` become the metadata package that the Salesforce CLI deploys."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from provisioner.salesforce.settings import NAMESPACE, SettingsError, settings_package

Tree = Any


def unpacked(definition: dict[str, Any]) -> dict[str, Tree]:
    """The files of the package, each as nested lists of (element, content)."""
    content = settings_package(definition, "68.0")
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: tree(fromstring(archive.read(name))) for name in archive.namelist()}


def tree(element: Element) -> Tree:
    name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    return (name, [tree(child) for child in element] or element.text)


def test_a_definition_without_settings_needs_no_deploy() -> None:
    assert settings_package({"edition": "Developer", "settings": {}}, "68.0") is None


def test_each_setting_is_a_file_named_without_the_word_settings() -> None:
    files = unpacked(
        {
            "settings": {
                "lightningExperienceSettings": {"enableS1DesktopEnabled": True},
                "documentGenerationSetting": {"x": "y & <z>"},
                "eACSettings": {"enableEAC": False},
            }
        }
    )
    assert files.keys() == {
        "package.xml",
        "settings/LightningExperience.settings",
        "settings/DocumentGenerationSetting.settings",
        "settings/EAC.settings",
    }
    assert files["settings/LightningExperience.settings"] == (
        "LightningExperienceSettings",
        [("enableS1DesktopEnabled", "true")],
    )
    assert files["settings/DocumentGenerationSetting.settings"] == (
        "DocumentGenerationSetting",
        [("x", "y & <z>")],
    )
    members = ["LightningExperience", "DocumentGenerationSetting", "EAC"]
    assert files["package.xml"] == (
        "Package",
        [
            ("types", [*(("members", name) for name in members), ("name", "Settings")]),
            ("version", "68.0"),
        ],
    )


def test_only_the_first_word_settings_is_left_out() -> None:
    files = unpacked({"settings": {"mySettingsPageSettings": {}}})
    assert "settings/MyPageSettings.settings" in files


def test_nested_settings_and_lists_become_nested_and_repeated_elements() -> None:
    files = unpacked(
        {"settings": {"securitySettings": {"a": {"b": 12, "c": None}, "d": [{"e": 1}, {"e": 2}]}}}
    )
    assert files["settings/Security.settings"] == (
        "SecuritySettings",
        [("a", [("b", "12")]), ("d", [("e", "1")]), ("d", [("e", "2")])],
    )


def test_object_settings_become_objects_with_record_types() -> None:
    files = unpacked(
        {
            "objectSettings": {
                "opportunity": {"sharingModel": "private"},
                "account": {"defaultRecordType": "default"},
                "case": {"defaultRecordType": "support", "sharingModel": "readWrite"},
            }
        }
    )
    assert files["objects/Opportunity.object"] == ("CustomObject", [("sharingModel", "Private")])
    assert files["objects/Account.object"] == (
        "CustomObject",
        [("recordTypes", [("fullName", "Default"), ("label", "Default"), ("active", "true")])],
    )
    assert files["objects/Case.object"] == (
        "CustomObject",
        [
            ("sharingModel", "ReadWrite"),
            (
                "businessProcesses",
                [
                    ("fullName", "SupportProcess"),
                    ("isActive", "true"),
                    ("values", [("fullName", "New"), ("default", "true")]),
                ],
            ),
            (
                "recordTypes",
                [
                    ("fullName", "Support"),
                    ("label", "Support"),
                    ("active", "true"),
                    ("businessProcess", "SupportProcess"),
                ],
            ),
        ],
    )
    types = [dict(content)["name"] for name, content in files["package.xml"][1] if name == "types"]
    assert types == ["CustomObject", "RecordType", "BusinessProcess"]


def test_the_business_process_of_an_opportunity_has_no_default() -> None:
    files = unpacked({"objectSettings": {"opportunity": {"defaultRecordType": "new"}}})
    processes = dict(files["objects/Opportunity.object"][1])["businessProcesses"]
    assert dict(processes)["values"] == [("fullName", "Prospecting")]


def test_the_same_settings_give_the_same_bytes() -> None:
    definition = {"settings": {"caseSettings": {"a": True}}, "objectSettings": {"lead": {}}}
    assert settings_package(definition, "68.0") == settings_package(definition, "68.0")


def test_a_key_that_is_no_xml_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="'a b' is not a valid name of a setting"):
        settings_package({"settings": {"caseSettings": {"a b": True}}}, "68.0")

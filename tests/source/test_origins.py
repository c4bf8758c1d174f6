"""Which file of the source a file of the package, or a part of one, comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.source import Package, package
from provisioner.source.origins import Origin
from tests.source.projects import Covering, D, apex, field_file, object_file, write, xml

LABELS = "<labels><fullName>L</fullName><value>v</value></labels>"
PROJECT = Covering(
    {
        **apex("A"),
        f"{D}layouts/X__c-X.layout-meta.xml": xml("Layout"),
        f"{D}lwc/hello/hello.js": "export default 1;\n",
        f"{D}lwc/hello/hello.js-meta.xml": xml("LightningComponentBundle"),
        f"{D}objects/X__c/X__c.object-meta.xml": object_file(),
        f"{D}objects/X__c/fields/F__c.field-meta.xml": field_file("F__c"),
        f"{D}objects/Account/fields/G__c.field-meta.xml": field_file("G__c"),
        "force-app/labels/CustomLabels.labels-meta.xml": xml("CustomLabels", LABELS),
        f"{D}staticresources/r/a.txt": "a",
        f"{D}staticresources/r.resource-meta.xml": xml(
            "StaticResource", "<contentType>application/zip</contentType>"
        ),
    }
)


@pytest.fixture
def made(tmp_path: Path) -> Package:
    return package(write(PROJECT, tmp_path), api_version="58.0")


def test_a_copied_file_has_the_lines_of_its_source(made: Package) -> None:
    assert made.origin("classes/A.cls") == Origin(f"{D}classes/A.cls", is_copy=True)
    assert made.origin("layouts/X__c-X.layout") == Origin(
        f"{D}layouts/X__c-X.layout-meta.xml", is_copy=True
    )


@pytest.mark.parametrize(
    ("component_type", "full_name", "path"),
    [
        ("CustomField", "X__c.F__c", "fields/F__c.field-meta.xml"),
        ("CustomObject", "X__c", "X__c.object-meta.xml"),
        ("CustomField", "X__c.Elsewhere__c", "X__c.object-meta.xml"),
    ],
)
def test_in_a_file_put_together_the_childs_file_is_named(
    component_type: str, full_name: str, path: str, made: Package
) -> None:
    found = made.origin("objects/X__c.object", full_name, component_type)
    assert found == Origin(f"{D}objects/X__c/{path}", is_copy=False)


def test_an_object_without_a_file_of_its_own_is_its_folder(made: Package) -> None:
    field = made.origin("objects/Account.object", "Account.G__c", "CustomField")
    assert field == Origin(f"{D}objects/Account/fields/G__c.field-meta.xml", is_copy=False)
    whole = made.origin("objects/Account.object", "Account", "CustomObject")
    assert whole == Origin(f"{D}objects/Account", is_copy=False)


def test_a_later_package_directory_may_hold_the_objects_own_file(tmp_path: Path) -> None:
    files = {
        "one/objects/X__c/fields/F__c.field-meta.xml": field_file("F__c"),
        "two/objects/X__c/X__c.object-meta.xml": object_file(),
    }
    directories = [{"path": "one", "default": True}, {"path": "two"}]
    root = write(Covering(files, {"packageDirectories": directories}), tmp_path)
    found = package(root, api_version="58.0").origin("objects/X__c.object", "X__c", "CustomObject")
    assert found == Origin("two/objects/X__c/X__c.object-meta.xml", is_copy=False)


def test_labels_are_found_in_their_file(made: Package) -> None:
    found = made.origin("labels/CustomLabels.labels", "L", "CustomLabel")
    assert found == Origin("force-app/labels/CustomLabels.labels-meta.xml", is_copy=False)


def test_labels_with_a_file_each_are_found_there(tmp_path: Path) -> None:
    files = {
        f"{D}labels/{name}.label-meta.xml": xml(
            "CustomLabel", f"<fullName>{name}</fullName><value>v</value>"
        )
        for name in ("One", "Two")
    }
    presets = {"sourceBehaviorOptions": ["decomposeCustomLabelsBeta2"]}
    made = package(write(Covering(files, presets), tmp_path), api_version="58.0")
    found = made.origin("labels/CustomLabels.labels", "Two", "CustomLabel")
    assert found == Origin(f"{D}labels/Two.label-meta.xml", is_copy=False)


def test_a_bundle_is_its_folder_and_a_zipped_resource_the_folder_in_it(made: Package) -> None:
    assert made.origin("lwc/hello") == Origin(f"{D}lwc/hello", is_copy=False)
    assert made.origin("lwc/hello/hello.js") == Origin(f"{D}lwc/hello/hello.js", is_copy=True)
    resource = made.origin("staticresources/r.resource")
    assert resource == Origin(f"{D}staticresources/r", is_copy=False)


def test_the_name_may_begin_with_the_top_folder_of_a_zip(made: Package) -> None:
    assert made.origin("unpackaged/classes/A.cls") == Origin(f"{D}classes/A.cls", is_copy=True)


@pytest.mark.parametrize("name", ["package.xml", "", "classes/None.cls", "objects/None__c.object"])
def test_what_the_source_has_not_has_no_origin(name: str, made: Package) -> None:
    assert made.origin(name) is None


def test_a_folder_in_metadata_format_is_its_own_origin(tmp_path: Path) -> None:
    (tmp_path / "package.xml").write_text(xml("Package"))
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/X__c.object").write_text("<a/>")
    made = package(tmp_path, api_version="58.0")
    found = made.origin("objects/X__c.object", "X__c.F__c", "CustomField")
    assert found == Origin("objects/X__c.object", is_copy=True)

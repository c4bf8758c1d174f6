"""deploy_source and the definition's settings: deployed, polled, their failures shown."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind
from provisioner.salesforce.deploy_body import MOST_FILES
from provisioner.source import SourceError
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.deploy_source import WARNINGS_SHOWN, DeploySource
from provisioner.steps.settings import Settings
from tests.steps.project import metadata_folder, write
from tests.steps.step_runner import StepRunner


def test_a_folder_in_metadata_format_is_deployed(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    first = runner.advance(step)
    assert isinstance(first, Pending)
    assert first.state.text().startswith("0Af")
    assert runner.finish(step) == Done("deployed 2 components")
    assert runner.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Rep'")


def test_a_source_project_is_deployed(runner: StepRunner) -> None:
    write(
        runner.directory / "sfdx-project.json",
        json.dumps({"packageDirectories": [{"path": "app", "default": True}]}),
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    write(
        runner.directory / "app/main/default/permissionsets/Rep.permissionset-meta.xml",
        f'{head}<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">'
        "<label>Rep</label></PermissionSet>",
    )
    step = DeploySource(path=Path())
    assert list(step.check(runner.directory)) == []
    assert runner.finish(step) == Done("deployed 1 component")


def two_directories(folder: Path) -> None:
    """A project with a permission set in each of two package directories."""
    entries = [{"path": "one", "default": True}, {"path": "two", "package": "Second"}]
    write(folder / "sfdx-project.json", json.dumps({"packageDirectories": entries}))
    for directory, name in (("one", "First"), ("two", "Second")):
        write(
            folder / f"{directory}/permissionsets/{name}.permissionset-meta.xml",
            '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">'
            f"<label>{name}</label></PermissionSet>",
        )


@pytest.mark.parametrize("chosen", ["two", "Second"])
def test_only_the_chosen_package_directories_are_deployed(runner: StepRunner, chosen: str) -> None:
    two_directories(runner.directory)
    step = DeploySource(path=Path(), package_dirs=(chosen,))
    assert list(step.check(runner.directory)) == []
    assert runner.finish(step) == Done("deployed 1 component")
    rows = runner.org.query("SELECT Name FROM PermissionSet WHERE Name IN ('First', 'Second')")
    assert [row["Name"] for row in rows] == ["Second"]


def test_the_chosen_package_directories_are_part_of_the_content(tmp_path: Path) -> None:
    two_directories(tmp_path)
    one = DeploySource(path=Path(), package_dirs=("one",))
    assert list(one.inputs(tmp_path)) != list(DeploySource(path=Path()).inputs(tmp_path))


def test_an_unknown_package_directory_is_found_by_check(tmp_path: Path) -> None:
    two_directories(tmp_path)
    (found,) = DeploySource(path=Path(), package_dirs=("tow",)).check(tmp_path)
    assert "no package directory tow; did you mean two?" in found.message


def test_each_failed_component_is_a_line(runner: StepRunner) -> None:
    classes = {"Good": "public class Good {}", "Bad": "public class Bad {\n  void x( { }\n}"}
    folder = metadata_folder(runner.directory / "mdapi", classes=classes)
    write(folder / "objects/Invoice__c.object", "<CustomObject><label>x</label></CustomObject>")
    with pytest.raises(StepFailed, match=r"deploy 0Af\w+ Failed: 2 components failed") as caught:
        runner.finish(DeploySource(path=Path("mdapi")))
    assert caught.value.kind is ErrorKind.CONTENT
    assert any(line.startswith("mdapi/classes/Bad.cls:2:") for line in caught.value.details)
    assert any(line.startswith("mdapi/objects/Invoice__c.object") for line in caught.value.details)
    assert not any("Good" in line for line in caught.value.details)
    assert runner.retries == 0


@pytest.mark.parametrize(
    "result",
    [
        {"status": "Failed", "errorStatusCode": "UNKNOWN_EXCEPTION", "errorMessage": "ErrorId: 1"},
        {
            "status": "Failed",
            "details": {"componentFailures": [{"problem": "UNABLE_TO_LOCK_ROW", "fullName": "A"}]},
        },
        {"status": "Canceled"},
    ],
)
def test_a_deploy_that_failed_with_a_transient_error_is_sent_again(
    runner: StepRunner, result: dict[str, Any]
) -> None:
    metadata_folder(runner.directory / "mdapi")
    body = {"id": "0Af000000000001", "deployResult": {"done": True, "success": False, **result}}
    runner.emulated.fault(
        {"route": "deploy.status"}, {"do": "answer", "status": 200, "body": body}, times=2
    )
    step = DeploySource(path=Path("mdapi"))
    assert runner.finish(step) == Done("deployed 2 components")
    assert (runner.retries, runner.remembered) == (1, ["again"])
    assert len(runner.emulated_org.deployments) == 2


LOCKED = {"problem": "UNABLE_TO_LOCK_ROW", "fullName": "A", "fileName": "a"}
WRONG = {"problem": "no such field", "fullName": "B", "fileName": "b"}


@pytest.mark.parametrize(
    ("result", "text", "lines"),
    [
        ({"details": {"componentFailures": [LOCKED, WRONG]}}, "2 components failed", 2),
        ({"details": {"componentFailures": [WRONG]}}, "1 component failed", 1),
        ({"errorMessage": "the zip is not readable"}, "the zip is not readable", 1),
        ({}, "no reason given", 0),
    ],
)
def test_a_deploy_that_fails_for_good_says_why_and_is_not_sent_again(
    runner: StepRunner, result: dict[str, Any], text: str, lines: int
) -> None:
    metadata_folder(runner.directory / "mdapi")
    deploy = {"done": True, "success": False, "status": "Failed", **result}
    body = {"id": "0Af000000000001", "deployResult": deploy}
    runner.emulated.fault(
        {"route": "deploy.status"}, {"do": "answer", "status": 200, "body": body}, times=0
    )
    failure = runner.failure(DeploySource(path=Path("mdapi")))
    assert isinstance(failure, StepFailed)
    assert failure.kind is ErrorKind.CONTENT
    assert re.fullmatch(rf"deploy 0Af\w+ Failed: {text}", failure.message)
    assert len(failure.details) == lines
    assert runner.remembered == []


def test_a_deploy_that_is_not_visible_yet_is_polled_again(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi")
    runner.emulated.fault(
        {"route": "deploy.status"},
        {"do": "answer", "status": 404, "error": "INVALID_CROSS_REFERENCE_KEY", "message": "no"},
    )
    assert runner.finish(DeploySource(path=Path("mdapi"))).note == "deployed 2 components"
    assert len(runner.emulated_org.deployments) == 1


def test_the_deployed_files_are_those_of_the_fingerprint(runner: StepRunner) -> None:
    """The files change between the two: the orgs get what the fingerprint says."""
    metadata_folder(runner.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    digest = list(step.inputs(runner.directory))
    metadata_folder(runner.directory / "mdapi", sets=["Sales_Rep", "Late"])
    runner.finish(step)
    assert runner.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Late'") == []
    assert list(step.inputs(runner.directory)) != digest
    runner.finish(step)
    assert runner.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Late'") != []


def test_one_zip_serves_all_orgs(runner: StepRunner) -> None:
    folder = metadata_folder(runner.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    runner.advance(step)
    (folder / "package.xml").unlink()
    runner.step_state = ""
    assert isinstance(runner.advance(step), Pending)


def test_the_check_says_what_is_wrong_with_the_source(tmp_path: Path) -> None:
    folder = metadata_folder(tmp_path / "mdapi")
    write(folder / "package.xml", "<Package>")
    (finding,) = DeploySource(path=Path("mdapi")).check(tmp_path)
    assert finding.field == "path"
    assert "package.xml:1" in finding.message
    with pytest.raises(SourceError, match=r"package\.xml:1"):
        list(DeploySource(path=Path("mdapi")).inputs(tmp_path))
    (tmp_path / "empty").mkdir()
    (finding,) = DeploySource(path=Path("empty")).check(tmp_path)
    assert "neither sfdx-project.json nor package.xml" in finding.message


def test_the_check_counts_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata_folder(tmp_path / "mdapi")
    monkeypatch.setattr("provisioner.steps.package_size.MOST_FILES", 2)
    (finding,) = DeploySource(path=Path("mdapi")).check(tmp_path)
    assert finding.message == (
        "the package has 3 files; Salesforce accepts at most 2; most of them are in objects (1), "
        "permissionsets (1)"
    )
    assert MOST_FILES == 10_000


@pytest.mark.parametrize(("without_meta", "more"), [(4, 0), (5, 1), (6, 2)])
def test_the_warnings_of_the_check_stop_no_build_and_are_few(
    tmp_path: Path, without_meta: int, more: int
) -> None:
    """One for each class without its metadata file, and one for the empty package."""
    directories = [{"path": "app", "default": True}]
    write(tmp_path / "sfdx-project.json", json.dumps({"packageDirectories": directories}))
    for number in range(without_meta):
        write(tmp_path / f"app/classes/A{number}.cls", "public class A {}")
    found = list(DeploySource(path=Path()).check(tmp_path))
    assert {(finding.field, finding.is_warning) for finding in found} == {("path", True)}
    assert len(found) == WARNINGS_SHOWN + bool(more)
    assert found[-1].message.startswith(f"{more} more warnings") is bool(more)


def test_a_zip_that_is_too_large_is_not_sent(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata_folder(runner.directory / "mdapi")
    monkeypatch.setattr("provisioner.steps.package_size.LARGEST_ZIP", 100)
    with pytest.raises(StepFailed, match="bytes as a zip; Salesforce accepts at most 100") as found:
        runner.advance(DeploySource(path=Path("mdapi")))
    assert found.value.hint.startswith("split it into several deploy_source steps")
    assert runner.emulated_org.deployments == {}


def test_the_check_names_the_biggest_files_of_the_project(
    runner: StepRunner, crm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their paths in the project, and by what they take in the zip."""
    monkeypatch.setattr("provisioner.steps.package_size.LARGEST_ZIP", 1000)
    write(crm / "app/main/default/classes/A.cls", os.urandom(2000).hex())
    (finding,) = DeploySource(path=Path("crm")).check(runner.directory)
    assert re.search(
        r"^the package has [\d,]+ bytes as a zip; Salesforce accepts at most 1,000; the biggest "
        r"files are app/main/default/classes/A\.cls \([\d,]+ bytes\), app/main/default/objects",
        finding.message,
    )
    assert not finding.is_warning


SETTINGS = {
    "settings": {"lightningExperienceSettings": {"enableS1DesktopEnabled": True}},
    "objectSettings": {"opportunity": {"sharingModel": "private"}},
}


def test_the_settings_of_the_definition_are_deployed(runner: StepRunner) -> None:
    runner.definition = SETTINGS
    step = Settings()
    assert isinstance(runner.advance(step), Pending)
    assert runner.finish(step) == Done("deployed 2 components")


def test_object_settings_alone_are_deployed_as_well(runner: StepRunner) -> None:
    runner.definition = {"objectSettings": SETTINGS["objectSettings"]}
    assert runner.finish(Settings()) == Done("deployed 1 component")


def test_each_org_gets_the_settings_of_its_own_definition(runner: StepRunner) -> None:
    """One step serves the orgs of all definitions of a pool."""
    step, notes = Settings(), []
    for keys in (("settings", "objectSettings"), ("objectSettings",), ("settings",)):
        runner.definition = {key: SETTINGS[key] for key in keys}
        notes.append(runner.finish(step).note)
    assert notes == ["deployed 2 components", "deployed 1 component", "deployed 1 component"]


def test_a_definition_without_settings_costs_no_request(runner: StepRunner) -> None:
    runner.definition = {"edition": "Developer"}
    runner.org  # noqa: B018 - logs in
    before = len(runner.emulated.world.log.entries())
    assert runner.finish(Settings()) == Done("no settings")
    assert len(runner.emulated.world.log.entries()) == before


def test_settings_that_are_refused_say_which(runner: StepRunner) -> None:
    runner.definition = {"settings": {"noSuchThingSettings": {"a": True}}}
    with pytest.raises(StepFailed, match="Failed: ") as caught:
        runner.finish(Settings())
    assert any("NoSuchThing" in line for line in caught.value.details)


def test_a_setting_that_cannot_be_written_is_named(runner: StepRunner) -> None:
    runner.definition = {"settings": {"a b": {}}}
    with pytest.raises(StepFailed, match="org definition: settings: 'A b' is not") as caught:
        runner.advance(Settings())
    assert caught.value.kind is ErrorKind.CONFIGURATION


def failing(runner: StepRunner, **message: Any) -> StepFailed:
    """The failure of a project's deploy that Salesforce answers with one message."""
    failure = {"problem": "it is wrong", "problemType": "Error", **message}
    result = {"done": True, "status": "Failed", "details": {"componentFailures": [failure]}}
    runner.emulated.fault(
        {"route": "deploy.status"},
        {
            "do": "answer",
            "status": 200,
            "body": {"id": "0Af000000000001", "deployResult": result},
        },
        times=0,
    )
    failed = runner.failure(DeploySource(path=Path("crm")))
    assert isinstance(failed, StepFailed)
    return failed


@pytest.fixture
def crm(runner: StepRunner) -> Path:
    """A project below the folder of pool.yaml: an object with a field, and a class."""
    project = runner.directory / "crm"
    directories = {"packageDirectories": [{"path": "app", "default": True}]}
    write(project / "sfdx-project.json", json.dumps(directories))
    space = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    files = {
        "objects/X__c/X__c.object-meta.xml": f"<CustomObject {space}><label>X</label>"
        "</CustomObject>",
        "objects/X__c/fields/F__c.field-meta.xml": f"<CustomField {space}>"
        "<fullName>F__c</fullName><label>F</label></CustomField>",
        "classes/A.cls": "public class A {\n  void x( { }\n}\n",
        "classes/A.cls-meta.xml": f"<ApexClass {space}><apiVersion>62.0</apiVersion></ApexClass>",
    }
    for name, content in files.items():
        write(project / "app/main/default" / name, content)
    return project


@pytest.mark.usefixtures("crm")
def test_a_failed_component_is_named_by_its_file_in_the_project(runner: StepRunner) -> None:
    failed = failing(
        runner, fileName="classes/A.cls", lineNumber=2, columnNumber=11,
        componentType="ApexClass", fullName="A",
    )  # fmt: skip
    assert failed.details == ("crm/app/main/default/classes/A.cls:2:11: it is wrong (ApexClass A)",)


@pytest.mark.usefixtures("crm")
def test_a_failed_field_is_named_by_its_own_file_and_no_line_of_it_is_claimed(
    runner: StepRunner,
) -> None:
    failed = failing(
        runner, fileName="objects/X__c.object", lineNumber="7", columnNumber="3",
        componentType="CustomField", fullName="X__c.F__c",
    )  # fmt: skip
    assert failed.details == (
        "crm/app/main/default/objects/X__c/fields/F__c.field-meta.xml: it is wrong (CustomField "
        "X__c.F__c; line 7 of objects/X__c.object in the package)",
    )


@pytest.mark.usefixtures("crm")
def test_a_component_without_a_file_in_the_project_is_named_as_in_the_package(
    runner: StepRunner,
) -> None:
    failed = failing(runner, fileName="package.xml", lineNumber=4, fullName="X__c")
    assert failed.details == ("package.xml:4: it is wrong (X__c)",)


def test_a_project_that_was_broken_after_the_deploy_hides_no_failure(
    runner: StepRunner, crm: Path
) -> None:
    """Another process polls the deploy, and cannot convert the source that was sent."""
    step = DeploySource(path=Path("crm"))
    runner.advance(step)
    (crm / "sfdx-project.json").write_text("{")
    with pytest.raises(StepFailed) as caught:
        runner.finish(DeploySource(path=Path("crm")))
    assert any(line.startswith("classes/A.cls:2:") for line in caught.value.details)

"""deploy_source and the definition's settings: deployed, polled, their failures shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ErrorKind
from provisioner.salesforce.metadata import MOST_FILES
from provisioner.source import SourceError
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.settings import Settings
from tests.steps.carrier import Carrier
from tests.steps.project import metadata_folder, write


def test_a_folder_in_metadata_format_is_deployed(carrier: Carrier) -> None:
    metadata_folder(carrier.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    first = carrier.look(step)
    assert isinstance(first, Pending)
    assert first.state.text().startswith("0Af")
    assert carrier.finish(step) == Done("deployed 2 components")
    assert carrier.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Rep'")


def test_a_source_project_is_deployed(carrier: Carrier) -> None:
    write(
        carrier.directory / "sfdx-project.json",
        json.dumps({"packageDirectories": [{"path": "app", "default": True}]}),
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    write(
        carrier.directory / "app/main/default/permissionsets/Rep.permissionset-meta.xml",
        f'{head}<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">'
        "<label>Rep</label></PermissionSet>",
    )
    step = DeploySource(path=Path())
    assert list(step.check(carrier.directory)) == []
    assert carrier.finish(step) == Done("deployed 1 components")


def test_each_failed_component_is_a_line(carrier: Carrier) -> None:
    classes = {"Good": "public class Good {}", "Bad": "public class Bad {\n  void x( { }\n}"}
    folder = metadata_folder(carrier.directory / "mdapi", classes=classes)
    write(folder / "objects/Invoice__c.object", "<CustomObject><label>x</label></CustomObject>")
    with pytest.raises(StepFailed, match=r"deploy 0Af\w+ Failed: 2 components failed") as caught:
        carrier.finish(DeploySource(path=Path("mdapi")))
    assert caught.value.kind is ErrorKind.CONTENT
    assert any(line.startswith("mdapi/classes/Bad.cls:2:") for line in caught.value.details)
    assert any(line.startswith("mdapi/objects/Invoice__c.object") for line in caught.value.details)
    assert not any("Good" in line for line in caught.value.details)
    assert carrier.retries == 0


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
def test_a_deploy_that_failed_by_the_way_is_sent_again(
    carrier: Carrier, result: dict[str, Any]
) -> None:
    metadata_folder(carrier.directory / "mdapi")
    body = {"id": "0Af000000000001", "deployResult": {"done": True, "success": False, **result}}
    carrier.emulated.fault(
        {"route": "deploy.status"}, {"do": "answer", "status": 200, "body": body}, times=2
    )
    step = DeploySource(path=Path("mdapi"))
    assert carrier.finish(step) == Done("deployed 2 components")
    assert (carrier.retries, carrier.remembered) == (1, ["again"])
    assert len(carrier.emulated_org.deployments) == 2


def test_a_deploy_that_is_not_visible_yet_is_looked_for_again(carrier: Carrier) -> None:
    metadata_folder(carrier.directory / "mdapi")
    carrier.emulated.fault(
        {"route": "deploy.status"},
        {"do": "answer", "status": 404, "error": "INVALID_CROSS_REFERENCE_KEY", "message": "no"},
    )
    assert carrier.finish(DeploySource(path=Path("mdapi"))).note == "deployed 2 components"
    assert len(carrier.emulated_org.deployments) == 1


def test_what_is_deployed_is_what_the_fingerprint_was_made_of(carrier: Carrier) -> None:
    """The files change between the two: the orgs get what the fingerprint says."""
    metadata_folder(carrier.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    digest = list(step.inputs(carrier.directory))
    metadata_folder(carrier.directory / "mdapi", sets=["Sales_Rep", "Late"])
    carrier.finish(step)
    assert carrier.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Late'") == []
    assert list(step.inputs(carrier.directory)) != digest
    carrier.finish(step)
    assert carrier.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Late'") != []


def test_one_zip_serves_all_orgs(carrier: Carrier) -> None:
    folder = metadata_folder(carrier.directory / "mdapi")
    step = DeploySource(path=Path("mdapi"))
    carrier.look(step)
    (folder / "package.xml").unlink()
    carrier.step_state = ""
    assert isinstance(carrier.look(step), Pending)


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
    monkeypatch.setattr("provisioner.steps.deploy_source.MOST_FILES", 2)
    (finding,) = DeploySource(path=Path("mdapi")).check(tmp_path)
    assert finding.message == "the package has 3 files; Salesforce accepts at most 2"
    assert MOST_FILES == 10_000


def test_a_zip_that_is_too_large_is_not_sent(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata_folder(carrier.directory / "mdapi")
    monkeypatch.setattr("provisioner.steps.deploy_source.LARGEST_ZIP", 100)
    with pytest.raises(StepFailed, match="bytes; Salesforce accepts at most 100"):
        carrier.look(DeploySource(path=Path("mdapi")))
    assert carrier.emulated_org.deployments == {}


SETTINGS = {
    "settings": {"lightningExperienceSettings": {"enableS1DesktopEnabled": True}},
    "objectSettings": {"opportunity": {"sharingModel": "private"}},
}


def test_the_settings_of_the_definition_are_deployed(carrier: Carrier) -> None:
    carrier.definition = SETTINGS
    step = Settings()
    assert isinstance(carrier.look(step), Pending)
    assert carrier.finish(step) == Done("deployed 2 components")


def test_a_definition_without_settings_costs_no_request(carrier: Carrier) -> None:
    carrier.definition = {"edition": "Developer"}
    carrier.org  # noqa: B018 - logs in
    before = len(carrier.emulated.world.log.entries())
    assert carrier.finish(Settings()) == Done("no settings")
    assert len(carrier.emulated.world.log.entries()) == before


def test_settings_that_are_refused_say_which(carrier: Carrier) -> None:
    carrier.definition = {"settings": {"noSuchThingSettings": {"a": True}}}
    with pytest.raises(StepFailed, match="Failed: ") as caught:
        carrier.finish(Settings())
    assert any("NoSuchThing" in line for line in caught.value.details)


def test_a_setting_that_cannot_be_written_is_named(carrier: Carrier) -> None:
    carrier.definition = {"settings": {"a b": {}}}
    with pytest.raises(StepFailed, match="org definition: settings: 'A b' cannot") as caught:
        carrier.look(Settings())
    assert caught.value.kind is ErrorKind.CONFIGURATION


def failing(carrier: Carrier, **message: Any) -> StepFailed:
    """The failure of a project's deploy that Salesforce answers with one message."""
    failure = {"problem": "it is wrong", "problemType": "Error", **message}
    result = {"done": True, "status": "Failed", "details": {"componentFailures": [failure]}}
    carrier.emulated.fault(
        {"route": "deploy.status"},
        {
            "do": "answer",
            "status": 200,
            "body": {"id": "0Af000000000001", "deployResult": result},
        },
        times=0,
    )
    failed = carrier.failure(DeploySource(path=Path("crm")))
    assert isinstance(failed, StepFailed)
    return failed


@pytest.fixture
def crm(carrier: Carrier) -> Path:
    """A project below the folder of pool.yaml: an object with a field, and a class."""
    project = carrier.directory / "crm"
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
def test_a_failed_component_is_named_by_its_file_in_the_project(carrier: Carrier) -> None:
    failed = failing(
        carrier, fileName="classes/A.cls", lineNumber=2, columnNumber=11,
        componentType="ApexClass", fullName="A",
    )  # fmt: skip
    assert failed.details == ("crm/app/main/default/classes/A.cls:2:11: it is wrong (ApexClass A)",)


@pytest.mark.usefixtures("crm")
def test_a_failed_field_is_named_by_its_own_file_and_no_line_of_it_is_claimed(
    carrier: Carrier,
) -> None:
    failed = failing(
        carrier, fileName="objects/X__c.object", lineNumber="7", columnNumber="3",
        componentType="CustomField", fullName="X__c.F__c",
    )  # fmt: skip
    assert failed.details == (
        "crm/app/main/default/objects/X__c/fields/F__c.field-meta.xml: it is wrong (CustomField "
        "X__c.F__c; line 7 of objects/X__c.object in the package)",
    )


@pytest.mark.usefixtures("crm")
def test_what_no_file_of_the_project_stands_for_is_named_as_in_the_package(
    carrier: Carrier,
) -> None:
    failed = failing(carrier, fileName="package.xml", lineNumber=4, fullName="X__c")
    assert failed.details == ("package.xml:4: it is wrong (X__c)",)


def test_a_project_that_is_broken_by_now_hides_no_failure(carrier: Carrier, crm: Path) -> None:
    """Another process looks at the deploy, and cannot convert what was sent."""
    step = DeploySource(path=Path("crm"))
    carrier.look(step)
    (crm / "sfdx-project.json").write_text("{")
    with pytest.raises(StepFailed) as caught:
        carrier.finish(DeploySource(path=Path("crm")))
    assert any(line.startswith("classes/A.cls:2:") for line in caught.value.details)

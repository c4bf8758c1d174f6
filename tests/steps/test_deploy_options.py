"""Tests and warnings of a deploy: what is sent, what fails, what is kept for the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import pytest

from provisioner.steps.base import Done, StepFailed
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.deployment import LONGEST_LINE, MOST_LINES, bounded
from provisioner.steps.package_file import on_disk
from tests.steps.project import metadata_folder
from tests.steps.step_runner import StepRunner

CLASSES = {
    "Prices": "public class Prices {\n  Integer net() {\n    return 1;\n  }\n}",
    "PricesTest": "@IsTest class PricesTest { @IsTest static void isLow() { new Prices(); } }",
    "Unused": "public class Unused {\n  Integer net() {\n    return 1;\n  }\n}",
}


def step(**options: Any) -> DeploySource:
    return DeploySource(path=Path("mdapi"), **options)


@pytest.fixture(autouse=True)
def _folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    metadata_folder(tmp_path / "mdapi", classes=CLASSES)


def sent(runner: StepRunner) -> dict[str, Any]:
    """The options of the deploy that the org got."""
    (deployment,) = runner.emulated_org.deployments.values()
    options: dict[str, Any] = deployment.options.to_json()
    return options


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"test_level": "RunLocalTests"}, []),
        ({"test_level": "RunSpecifiedTests", "run_tests": ("A", "ns.B")}, []),
        (
            {"run_tests": ("A",)},
            ["these tests run only with test_level: RunSpecifiedTests; write that, too"],
        ),
        (
            {"run_tests": ("A",), "test_level": "RunLocalTests"},
            ["these tests run only with test_level: RunSpecifiedTests; write that, too"],
        ),
        (
            {"test_level": "RunSpecifiedTests"},
            ["RunSpecifiedTests needs the test classes; write run_tests: [MyTest]"],
        ),
    ],
)
def test_tests_and_their_level_belong_together(
    tmp_path: Path, options: dict[str, Any], messages: list[str]
) -> None:
    assert [found.message for found in step(**options).check(tmp_path)] == messages


def test_without_options_no_tests_run_and_warnings_are_errors(runner: StepRunner) -> None:
    runner.finish(step())
    assert sent(runner)["testLevel"] is None
    assert sent(runner)["ignoreWarnings"] is False
    assert sent(runner)["rollbackOnError"] is True


def test_the_tests_are_sent_and_run(runner: StepRunner) -> None:
    options = {"test_level": "RunSpecifiedTests", "run_tests": ("PricesTest",)}
    done = runner.finish(step(**options, ignore_warnings=True))
    assert sent(runner)["testLevel"] == "RunSpecifiedTests"
    assert sent(runner)["runTests"] == ["PricesTest"]
    assert sent(runner)["ignoreWarnings"] is True
    assert done.warnings == (
        "Unused: Test coverage of selected Apex Class is 0%, at least 75% test coverage is "
        "required",
    )


def test_a_failed_test_fails_the_deploy_and_is_named(runner: StepRunner) -> None:
    runner.emulated.world.faults.add(
        {
            "when": {"operation": "apex_test", "subject": "PricesTest.isLow"},
            "then": {"do": "error", "message": "Assertion Failed: Expected: 1, Actual: 2"},
        }
    )
    with pytest.raises(StepFailed, match="Failed: 1 test failed") as caught:
        runner.finish(step(test_level="RunLocalTests"))
    assert caught.value.details[0] == ("PricesTest.isLow: Assertion Failed: Expected: 1, Actual: 2")
    assert runner.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Rep'") == []


def test_a_test_class_that_is_not_there_is_named(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match="1 test failed") as caught:
        runner.finish(step(test_level="RunSpecifiedTests", run_tests=("Nobody",)))
    assert caught.value.details[0] == "Nobody: Cannot find test class Nobody"


def warning(runner: StepRunner) -> None:
    """Salesforce warns of the class."""
    runner.emulated.world.faults.add(
        {
            "when": {"operation": "component_warning", "subject": "ApexClass Prices$"},
            "then": {"do": "error", "message": "it is deprecated"},
            "times": 0,
        }
    )


def test_a_warning_fails_a_deploy_that_does_not_ignore_it(runner: StepRunner) -> None:
    warning(runner)
    with pytest.raises(StepFailed, match="1 component failed") as caught:
        runner.finish(step())
    assert caught.value.details == (
        "mdapi/classes/Prices.cls: warning: it is deprecated (ApexClass Prices)",
    )


def test_the_warnings_of_a_deploy_that_succeeded_are_kept(runner: StepRunner) -> None:
    warning(runner)
    done = runner.finish(step(ignore_warnings=True))
    assert done == Done(
        "deployed 5 components",
        warnings=("mdapi/classes/Prices.cls: it is deprecated (ApexClass Prices)",),
    )


def test_a_deploy_is_not_repeated_because_its_warnings_cannot_be_read(
    runner: StepRunner,
) -> None:
    runner.emulated.fault(
        {"path": "deployRequest/.*"},
        {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
        times=0,
    )
    one = step()
    runner.advance(one)
    runner.emulated.world.faults.clear()
    runner.emulated.world.clock.advance(600)
    for _ in range(4):  # as far as the poll before the last one
        status = runner.org.get(f"metadata/deployRequest/{runner.step_state}", dict)
    assert status["deployResult"]["done"]
    runner.emulated.fault(
        {"path": "deployRequest/.*", "nth": [2, 3, 4, 5]},
        {"do": "answer", "status": 503, "error": "SERVER_UNAVAILABLE"},
        times=0,
    )
    (line,) = runner.finish(one).warnings
    assert line.startswith("the warnings of the deploy 0Af")
    assert "cannot be read" in line
    assert len(runner.emulated_org.deployments) == 1


def test_the_options_are_not_the_content(tmp_path: Path) -> None:
    with_tests = step(test_level="RunLocalTests", ignore_warnings=True)
    assert list(with_tests.inputs(tmp_path)) == list(step().inputs(tmp_path))


def test_what_a_report_shows_of_a_deploy_is_bounded() -> None:
    lines = bounded([f"{number} {'x' * 2 * LONGEST_LINE}" for number in range(10_000)])
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "… and 9,950 more"
    assert max(map(len, lines)) == LONGEST_LINE + 1


def test_the_zip_is_a_file_without_a_name_that_only_this_user_could_open() -> None:
    def write(file: IO[bytes]) -> None:
        file.write(b"PK")

    file = on_disk(write)
    found = os.fstat(file.fileno())
    assert (found.st_nlink, found.st_mode & 0o777, found.st_size) == (0, 0o600, 2)
    file.close()


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StepFailed, match=r"cannot be written to .*: No space left") as caught:
        on_disk(full)
    assert caught.value.hint == "set TMPDIR to a folder with enough space"


def test_a_project_without_a_version_gets_that_of_the_org(runner: StepRunner) -> None:
    """It is converted once, and the version is written into the copy that is sent."""
    project = runner.directory / "crm"
    (project / "app/classes").mkdir(parents=True)
    (project / "sfdx-project.json").write_text(
        '{"packageDirectories": [{"path": "app", "default": true}]}'
    )
    for name, text in (("A.cls", "public class A {}"), ("A.cls-meta.xml", META)):
        (project / "app/classes" / name).write_text(text)
    one = DeploySource(path=Path("crm"))
    list(one.inputs(runner.directory))
    (project / "app/classes/A.cls").write_text("public class A { broken")
    assert runner.finish(one).note == "deployed 1 component"


META = (
    '<ApexClass xmlns="http://soap.sforce.com/2006/04/metadata"><apiVersion>62.0</apiVersion>'
    "<status>Active</status></ApexClass>"
)


def test_several_deploys_run_in_order(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "second", sets=["Other"])
    for one in (step(), DeploySource(path=Path("second"))):
        assert isinstance(runner.finish(one), Done)
    found = runner.org.query("SELECT Name FROM PermissionSet WHERE Name IN ('Sales_Rep','Other')")
    assert {row["Name"] for row in found} == {"Sales_Rep", "Other"}

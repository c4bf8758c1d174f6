"""`destructive_changes` of deploy_source: what is deleted, and problems in pool.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.schema import schema
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.deploy_source import DeploySource
from provisioner.steps.destructive_changes import DestructiveChanges
from tests.config.project import STEPS_LINE, Project, with_steps
from tests.steps.project import metadata_folder, write
from tests.steps.step_runner import StepRunner


def manifest(path: Path, *names: str, kind: str = "PermissionSet") -> Path:
    """A manifest of components to delete, a member each line from the fourth on."""
    members = "\n".join(f"<members>{name}</members>" for name in names)
    text = f"<types>\n<name>{kind}</name>\n{members}\n</types>"
    head = '<Package xmlns="http://soap.sforce.com/2006/04/metadata">'
    return write(path, f"{head}\n{text}\n</Package>\n")


def step(**changes: str) -> DeploySource:
    paths = {key: Path(path) for key, path in changes.items()}
    return DeploySource(path=Path("mdapi"), destructive_changes=DestructiveChanges(**paths))


def sets(runner: StepRunner) -> set[str]:
    rows = runner.org.query("SELECT Name FROM PermissionSet WHERE IsOwnedByProfile = false")
    return {row["Name"] for row in rows} & {"Sales_Rep", "Old", "Older"}


def test_components_are_deleted_before_and_after_the_deploy(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "first", sets=["Sales_Rep", "Old", "Older"])
    runner.finish(DeploySource(path=Path("first")))
    assert sets(runner) == {"Sales_Rep", "Old", "Older"}
    metadata_folder(runner.directory / "mdapi", sets=["Sales_Rep"])
    manifest(runner.directory / "a.xml", "Sales_Rep", "Old")
    manifest(runner.directory / "b.xml", "Older")
    done = runner.finish(step(before="a.xml", after="b.xml"))
    assert isinstance(done, Done)
    assert sets(runner) == {"Sales_Rep"}


def test_a_second_deploy_with_nothing_left_to_delete_succeeds(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi")
    manifest(runner.directory / "a.xml", "Never_There")
    deploying = step(after="a.xml")
    for _ in range(2):
        assert runner.finish(deploying).note.startswith("deployed ")


def test_a_folder_with_its_own_manifest_of_deletions_may_be_deployed_twice(
    runner: StepRunner,
) -> None:
    folder = metadata_folder(runner.directory / "mdapi")
    manifest(folder / "destructiveChanges.xml", "Never_There")
    assert runner.finish(DeploySource(path=Path("mdapi"))).note.startswith("deployed ")


def test_a_deploy_that_deletes_nothing_does_not_ignore_warnings(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi")
    manifest(runner.directory / "a.xml", "Gone")
    runner.finish(DeploySource(path=Path("mdapi")))
    runner.finish(step(before="a.xml"))
    deployed = runner.emulated_org.deployments.values()
    assert [one.options.ignore_warnings for one in deployed] == [False, True]


def test_the_manifests_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    metadata_folder(tmp_path / "mdapi")
    manifest(tmp_path / "a.xml", "Old")
    kinds = [DeploySource(path=Path("mdapi")), step(before="a.xml"), step(after="a.xml")]
    digests = [next(iter(one.inputs(tmp_path))) for one in kinds]
    assert len(set(digests)) == 3
    manifest(tmp_path / "a.xml", "Older")
    assert next(iter(step(before="a.xml").inputs(tmp_path))) not in digests


def test_a_failure_of_a_manifest_names_the_file_that_pool_yaml_names(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi")
    manifest(runner.directory / "lists/a.xml", "Old")
    message = {
        "fileName": "destructiveChangesPre.xml", "componentType": "PermissionSet",
        "fullName": "Old", "problem": "it is in use", "problemType": "Error", "lineNumber": 4,
    }  # fmt: skip
    result = {"done": True, "status": "Failed", "details": {"componentFailures": [message]}}
    body = {"id": "0Af000000000001", "deployResult": result}
    runner.emulated.fault(
        {"route": "deploy.status"}, {"do": "answer", "status": 200, "body": body}, times=0
    )
    with pytest.raises(StepFailed) as caught:
        runner.finish(step(before="lists/a.xml"))
    assert caught.value.details == (
        "lists/a.xml: it is in use (PermissionSet Old; line 4 of destructiveChangesPre.xml in "
        "the package)",
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    metadata_folder(tmp_path / "mdapi")
    manifest(tmp_path / "good.xml", "Old")
    return Project(tmp_path)


def entry(changes: str) -> str:
    return with_steps(
        f"- deploy_source:\n    path: mdapi\n    destructive_changes:\n      {changes}"
    )


KEY = "pools.morning.steps.0.deploy_source.destructive_changes"
AT = f"pool.yaml:{STEPS_LINE + 3}"


def test_one_manifest_is_enough_and_both_are_accepted(project: Project) -> None:
    for changes in ("before: good.xml", "after: good.xml", "{before: good.xml, after: good.xml}"):
        assert project.lines(entry(changes)) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ("{}", f"{KEY}: a manifest is missing; write before: FILE, after: FILE, or both"),
        ("{after: good.xml, befor: good.xml}", f"{KEY}.befor: unknown key; did you mean before?"),
        (
            "before: godo.xml",
            f"{KEY}.before: the file godo.xml does not exist; did you mean good.xml?",
        ),
        ("good.xml", f"{KEY}: is a single value; write keys with values"),
        (
            "after: wrong.xml",
            f"{KEY}.after: wrong.xml:3:1: unknown metadata type PermisionSet; did you mean "
            "PermissionSet? (RegistryError)",
        ),
        (
            "before: all.xml",
            f"{KEY}.before: all.xml:5:1: ApexClass *: name each component to delete; "
            "wildcards are not allowed",
        ),
        ("before: none.xml", f"{KEY}.before: none.xml lists nothing to delete"),
    ],
)
def test_a_problem_is_reported_at_its_key(changes: str, problem: str, project: Project) -> None:
    manifest(project.folder / "wrong.xml", "A", kind="PermisionSet")
    manifest(project.folder / "all.xml", "A", "*", kind="ApexClass")
    manifest(project.folder / "none.xml")
    [found] = project.lines(entry(changes))
    assert ("warning: " in found) is ("lists nothing" in problem)
    place, _, text = found.replace("warning: ", "").partition(": ")
    assert place.startswith("pool.yaml:" if changes == "{}" else AT)
    assert text == problem


def test_problems_of_both_manifests_and_of_the_source_are_reported_at_once(
    project: Project,
) -> None:
    write(project.folder / "a.xml", "<Package>")
    write(project.folder / "b.xml", "<Other/>")
    write(project.folder / "mdapi/package.xml", "<Package>")
    found = project.problems(entry("before: a.xml\n      after: b.xml"))
    assert [(one.line - STEPS_LINE, one.key_path.rpartition(".")[2]) for one in found] == [
        (1, "path"),
        (3, "before"),
        (4, "after"),
    ]


def test_the_schema_knows_both_keys_and_no_others() -> None:
    options = schema()["$defs"]["step"]["properties"]["deploy_source"]["anyOf"][0]
    changes = options["properties"]["destructive_changes"]
    assert changes["properties"].keys() == {"before", "after"}
    assert changes["properties"]["before"]["type"] == "string"
    assert changes["additionalProperties"] is False
    assert "required" not in changes

"""What steps need and no step before them brings: permission sets, and what data uses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from provisioner.config.load import read
from provisioner.config.rehearsed import not_yet
from provisioner.steps import STEPS
from tests.config.conftest import REAL_STEPS
from tests.config.project import HUB, POOL, Project, with_steps
from tests.steps.project import metadata_folder, zipped_folder

META = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
WHERE = "pools.morning.steps"
ASSUME = "add it to the source; if each org has it, write {} under rehearsal.assume"


@pytest.fixture(autouse=True)
def _real_kinds(_test_kinds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, place in REAL_STEPS.items():
        monkeypatch.setitem(cast("dict[str, Any]", STEPS), kind, place)


@pytest.fixture(autouse=True)
def _source(project: Project) -> None:
    """A project with an object, fields of it and of two standard objects, and permission sets."""
    late = {"path": "late", "package": "Late", "versionNumber": "1.0.0.NEXT"}
    directories = [
        {"path": "force-app", "default": True},
        {**late, "dependencies": [{"package": "04t000000000001AAA"}]},
    ]
    project.write("sfdx-project.json", json.dumps({"packageDirectories": directories}))
    for name in ("Sales_Rep", "Sales_Lead"):
        permission_set(project, "force-app", name)
    permission_set(project, "late", "Auditor")
    for name in ("Visit__c.Notes__c", "Account.Tier__c", "Activity.Mood__c"):
        field(project, *name.split("."))
    project.write(
        "force-app/objects/Visit__c/Visit__c.object-meta.xml",
        f"{META}<CustomObject {NAMESPACE}><label>Visit</label></CustomObject>",
    )
    metadata_folder(project.folder / "mdapi")
    zipped_folder(project.folder / "mdapi", project.folder / "package.zip")


def permission_set(project: Project, folder: str, name: str) -> None:
    text = f"{META}<PermissionSet {NAMESPACE}><label>{name}</label></PermissionSet>"
    project.write(f"{folder}/permissionsets/{name}.permissionset-meta.xml", text)


def field(project: Project, owner: str, name: str) -> None:
    text = f"<fullName>{name}</fullName><label>x</label><type>Text</type><length>9</length>"
    project.write(
        f"force-app/objects/{owner}/fields/{name}.field-meta.xml",
        f"{META}<CustomField {NAMESPACE}>{text}</CustomField>",
    )


def warnings(project: Project, *steps: str) -> list[str]:
    """Line and text of each warning; the line of the first step is 1."""
    text = with_steps("\n".join(f"- {step}" for step in steps))
    before = text[: text.index("steps:")].count("\n") + 1
    found = project.problems(text)
    assert all(problem.is_warning for problem in found), found
    return [
        f"{each.line - before}:{each.column}: {each.key_path}: {each.message}" for each in found
    ]


DEPLOY = "deploy_source: { path: ., package_dirs: [force-app] }"


@pytest.mark.parametrize(
    "steps",
    [
        [DEPLOY, "assign_permission_sets: [Sales_Rep, sales_lead]"],
        ["install_package: { version: 04t000000000001 }", "assign_permission_sets: [a__B, C]"],
        ["install_dependencies: {}", "assign_permission_sets: [a__B, C]"],
        ["run_command: { command: ['true'] }", "assign_permission_sets: [C]"],
        [DEPLOY, "assign_permission_sets: [Walkthroughs, sfdc_activityplatform]"],
        [DEPLOY, "assign_permission_sets: { licenses: [SalesConsoleUser] }"],
        ["deploy_source: { path: mdapi }", "assign_permission_sets: [Sales_Rep]"],
        ["deploy_metadata: { zip: package.zip }", "assign_permission_sets: [Sales_Rep]"],
    ],
)
def test_what_an_org_has_or_may_have_is_no_warning(project: Project, steps: list[str]) -> None:
    assert warnings(project, *steps) == []


def test_a_permission_set_that_nothing_brings(project: Project) -> None:
    assert warnings(project, DEPLOY, "assign_permission_sets: [Sales_Rep, Sales_Reps, Qq]") == [
        f"2:45: {WHERE}.1.assign_permission_sets.1: no step before this one brings the permission "
        "set Sales_Reps; did you mean Sales_Rep?",
        f"2:57: {WHERE}.1.assign_permission_sets.2: no step before this one brings the permission "
        f"set Qq; {ASSUME.format('permission-set:Qq')}",
    ]


def test_one_of_a_package_and_a_group(project: Project) -> None:
    step = "assign_permission_sets: { sets: [acme__Admin], groups: [Team] }"

    assert warnings(project, DEPLOY, step) == [
        f"2:42: {WHERE}.1.assign_permission_sets.sets.0: no step before this one brings the "
        "permission set acme__Admin; add a step before it that installs its package",
        f"2:65: {WHERE}.1.assign_permission_sets.groups.0: no step before this one brings the "
        f"permission set group Team; {ASSUME.format('PermissionSetGroup:Team')}",
    ]


def test_one_that_a_later_step_brings(project: Project) -> None:
    steps = (
        "assign_permission_sets: [Sales_Rep]",
        DEPLOY,
        "assign_permission_sets: [Auditor]",
        "deploy_source: { path: ., package_dirs: [Late] }",
    )
    text = with_steps("\n".join(f"- {step}" for step in steps))
    line = text[: text.index(DEPLOY)].count("\n") + 1

    assert warnings(project, *steps) == [
        f"1:34: {WHERE}.0.assign_permission_sets.0: the permission set Sales_Rep is deployed only "
        f"by the step in line {line}; move this step behind that one",
        f"3:34: {WHERE}.2.assign_permission_sets.0: the permission set Auditor is deployed only "
        f"by the step in line {line + 2}; move this step behind that one",
    ]


def test_each_org_may_have_it(project: Project) -> None:
    text = with_steps("- assign_permission_sets: { sets: [Qq], groups: [Team] }")
    assumed = "rehearsal: { assume: [permission-set:Qq, PermissionSetGroup:Team] }\n"

    assert project.problems(assumed + text) == []


def test_the_namespace_of_the_org_may_be_written(project: Project) -> None:
    definition = {"edition": "Developer", "namespace": "acme"}
    project.write("config/project-scratch-def.json", json.dumps(definition))

    assert warnings(project, DEPLOY, "assign_permission_sets: [acme__Sales_Rep]") == []
    assert len(warnings(project, DEPLOY, "assign_permission_sets: [acme__Qq]")) == 1


def test_a_snapshot_may_have_anything(project: Project) -> None:
    project.write("config/project-scratch-def.json", json.dumps({"snapshot": "Nightly"}))

    assert warnings(project, "assign_permission_sets: [Qq]") == []


def test_each_definition_has_its_own_steps(project: Project) -> None:
    project.write("config/other.json", json.dumps({"edition": "Developer"}))
    deploy = f"{DEPLOY[:-2]}, when: {{ definition: [other] }} }}"
    text = with_steps(f"- {deploy}\n- assign_permission_sets: [Sales_Rep]").replace(
        "definitions:\n", "definitions:\n      - file: config/other.json\n"
    )

    [problem] = project.problems(text)

    assert "the permission set Sales_Rep" in problem.message


def test_users_have_permission_sets_as_well(project: Project) -> None:
    user = {"LastName": "Agent", "permsets": ["Sales_Rep", "Sales_Rap"]}
    project.write("config/agent-user.json", json.dumps(user, indent=2))

    assert warnings(project, DEPLOY, "create_users: [config/agent-user.json]") == [
        f"2:24: {WHERE}.1.create_users.0: config/agent-user.json:5:6: no step before this one "
        "brings the permission set Sales_Rap; did you mean Sales_Rep?"
    ]


def plan(project: Project, *records: tuple[str, dict[str, object]]) -> str:
    """A plan with a file of records for each object."""
    entries = []
    for number, (kind, values) in enumerate(records):
        body = {"attributes": {"type": kind, "referenceId": f"r{number}"}, **values}
        project.write(f"data/{number}.json", json.dumps({"records": [body]}, indent=1))
        entries.append({"sobject": kind, "files": [f"{number}.json"]})
    project.write("data/plan.json", json.dumps(entries))
    return "load_data: { plan: data/plan.json }"


def test_a_plan_may_use_what_the_source_has(project: Project) -> None:
    step = plan(
        project,
        ("Account", {"Name": "A", "TIER__C": "1", "ns__Other__c": 1, "Foo__pc": 1}),
        ("Visit__c", {"Notes__c": "n", "Parent__r": {"Ext__c": "x"}}),
        ("Task", {"Subject": "s", "Mood__c": "m"}),
    )

    assert warnings(project, DEPLOY, step) == []


def test_a_plan_with_what_the_source_lacks(project: Project) -> None:
    step = plan(
        project,
        ("Account", {"Name": "A", "Teir__c": "1"}),
        ("Visits__c", {"Name": "n", "Notes__c": "x"}),
        ("Contact", {"Tier__c": "1"}),
    )
    start = f"2:28: {WHERE}.1.load_data.plan: "

    assert warnings(project, DEPLOY, step) == [
        f"{start}data/0.json:9:4: no step before this one brings the field Account.Teir__c; did "
        "you mean Account.Tier__c?",
        f"{start}data/1.json:5:5: no step before this one brings the object Visits__c; did you "
        "mean Visit__c?",
        f"{start}data/2.json:8:4: no step before this one brings the field Contact.Tier__c; "
        f"{ASSUME.format('field:Contact.Tier__c')}",
    ]


def test_data_before_its_source(project: Project) -> None:
    [warning] = warnings(project, plan(project, ("Visit__c", {"Name": "x"})), DEPLOY)

    assert "data/0.json:5:5: the object Visit__c is deployed only by the step in line" in warning


def test_a_folder_in_metadata_format_may_have_any_field(project: Project) -> None:
    step = plan(project, ("Invoice__c", {"Any__c": 1}), ("Visit__c", {"Any__c": 1}))

    [warning] = warnings(project, "deploy_source: { path: mdapi }", step)

    assert "the object Visit__c" in warning


def test_csv_columns(project: Project) -> None:
    project.write("a.csv", "Name,Tier__c,Owner__r.Ext__c,Teir__c\nA,1,x,2\n")

    assert warnings(project, DEPLOY, "load_data: { csv: a.csv, object: Account }") == [
        f"2:27: {WHERE}.1.load_data.csv: a.csv:1:14: no step before this one brings the field "
        f"Account.Owner__c; {ASSUME.format('field:Account.Owner__c')}",
        f"2:27: {WHERE}.1.load_data.csv: a.csv:1:30: no step before this one brings the field "
        "Account.Teir__c; did you mean Account.Tier__c?",
    ]


def test_objects_and_fields_of_sfdmu(project: Project) -> None:
    query = "SELECT Name, Tier__c, Teir__c FROM Account"
    script = {"objects": [{"query": query, "operation": "Insert"}]}
    project.write("export.json", json.dumps(script))
    project.write("Account.csv", "Name,Tier__c,Teir__c\nA,1,2\n")

    [warning] = warnings(project, DEPLOY, "load_data: { sfdmu: export.json }")

    assert warning.startswith(
        f"2:29: {WHERE}.1.load_data.sfdmu: export.json:1:47: no step before this one brings the "
        "field Account.Teir__c; did you mean Account.Tier__c?"
    )


def test_a_check_reads_the_source_of_several_pools_once(project: Project) -> None:
    steps = f"    steps:\n      - {DEPLOY}\n      - assign_permission_sets: [Sales_Repp]\n"
    project.write("pool.yaml", f"{HUB}{POOL}{steps}{POOL[7:].replace('morning', 'b')}{steps}")

    checked = read(project.path, environ={}, keys_at=datetime.now(UTC), rehearsed=not_yet())
    to_build = read(project.path, environ={}).pool_file

    assert checked.pool_file is not None
    assert to_build is not None
    one, two = (pool.steps[0].step for pool in checked.pool_file.pools.values())
    assert one is two
    one, two = (pool.steps[0].step for pool in to_build.pools.values())
    assert one is not two
    assert [problem.key_path for problem in checked.problems] == [
        "pools.morning.steps.1.assign_permission_sets.0",
        "pools.b.steps.1.assign_permission_sets.0",
    ]


def test_many_are_counted(project: Project) -> None:
    step = plan(project, ("Account", {f"F{number}__c": 1 for number in range(50)}))

    found = warnings(project, DEPLOY, step)

    assert len(found) == 21
    assert any(
        text.endswith("30 more components that no step before this one brings") for text in found
    )

"""assign_permission_sets: by API name, once, and near names for an unknown one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.errors import ErrorKind
from provisioner.salesforce.permission_sets import Name
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from provisioner.steps.base import Done, Pending, StepFailed
from provisioner.steps.create_users import CreateUsers
from provisioner.steps.deploy_source import DeploySource
from tests.salesforce.world import USERNAME
from tests.steps.project import metadata_folder, write
from tests.steps.step_runner import StepRunner


@pytest.fixture
def ready(runner: StepRunner) -> StepRunner:
    """An org with three permission sets, one of them in a package's namespace."""
    metadata_folder(runner.directory / "mdapi", sets=["Sales_Rep", "Service_Rep"])
    runner.finish(DeploySource(path=Path("mdapi")))
    runner.emulated_org.store.add(
        "PermissionSet",
        {"Name": "Sales_Rep", "Label": "x", "NamespacePrefix": "bill", "IsOwnedByProfile": False},
    )
    return runner


def assigned(runner: StepRunner) -> list[str]:
    rows = runner.org.query(
        "SELECT PermissionSet.Name, PermissionSet.NamespacePrefix FROM PermissionSetAssignment "
        f"WHERE AssigneeId = '{runner.emulated_org.admin_id}' "
        "AND PermissionSet.IsOwnedByProfile = false"
    )
    sets = [row["PermissionSet"] for row in rows]
    return sorted(f"{s['NamespacePrefix'] or ''}:{s['Name']}" for s in sets)


def test_permission_sets_are_assigned_by_name_whatever_its_case(ready: StepRunner) -> None:
    step = AssignPermissionSets(sets=("sales_rep", "bill__Sales_Rep", "Service_Rep"))
    assert ready.finish(step) == Done("assigned 3 permission sets")
    assert assigned(ready) == [":Sales_Rep", ":Service_Rep", "bill:Sales_Rep"]


def test_two_requests_serve_any_number_of_names(ready: StepRunner) -> None:
    before = len(ready.emulated.world.log.entries())
    ready.finish(AssignPermissionSets(sets=("Sales_Rep", "bill__Sales_Rep", "Service_Rep")))
    assert len(ready.emulated.world.log.entries()) - before == 2


def test_what_the_user_has_is_done(ready: StepRunner) -> None:
    ready.finish(AssignPermissionSets(sets=("Sales_Rep",)))
    step = AssignPermissionSets(sets=("Sales_Rep", "Service_Rep"))
    assert ready.finish(step) == Done("assigned 1 permission set")
    assert ready.finish(step) == Done("assigned 0 permission sets")
    assert assigned(ready) == [":Sales_Rep", ":Service_Rep"]


def test_an_assignment_whose_answer_was_lost_is_found(ready: StepRunner) -> None:
    ready.emulated.fault({"path": "composite/sobjects"}, {"do": "reset", "at": "after"})
    assert ready.finish(AssignPermissionSets(sets=("Sales_Rep",))).note.startswith("assigned 0")
    assert assigned(ready) == [":Sales_Rep"]


def test_a_race_for_the_same_assignment_is_no_failure(ready: StepRunner) -> None:
    """It is assigned between our query and our request."""
    name = "Sales_Rep"
    ready.finish(AssignPermissionSets(sets=(name,)))
    (known,) = ready.org.query("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Rep' LIMIT 1")
    row = {"Id": known["Id"], "Name": name, "NamespacePrefix": None, "PermissionSetGroupId": None}
    parts = [
        {"httpStatusCode": 200, "body": {"records": rows, "done": True, "totalSize": len(rows)}}
        for rows in ([row], [])
    ]
    ready.emulated.fault(
        {"route": "composite"},
        {"do": "answer", "status": 200, "body": {"compositeResponse": parts}},
    )
    assert ready.finish(AssignPermissionSets(sets=(name,))) == Done("assigned 1 permission set")
    assert assigned(ready) == [":Sales_Rep"]


def test_a_login_without_a_user_id_leads_to_a_query_for_the_user(
    ready: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(ready.org), "user_id", "")
    assert ready.finish(AssignPermissionSets(sets=("Sales_Rep",))).note.startswith("assigned 1")
    assert assigned(ready) == [":Sales_Rep"]


def test_an_org_without_its_user_is_replaced(
    ready: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(ready.org), "user_id", "")
    nobody = {"do": "answer", "status": 200, "body": {"records": [], "done": True, "totalSize": 0}}
    ready.emulated.fault({"route": "query", "nth": 1}, nobody)
    failure = ready.failure(AssignPermissionSets(sets=("Sales_Rep",)))
    assert "has no user" in str(failure)
    assert failure.kind is ErrorKind.REPLACE


def test_an_unknown_name_is_reported_with_similar_ones(ready: StepRunner) -> None:
    step = AssignPermissionSets(sets=("Sale_Rep", "Service_Rep", "Zzz"))
    with pytest.raises(StepFailed) as caught:
        ready.finish(step)
    assert caught.value.message == "permission sets not found in the org: Sale_Rep, Zzz"
    near, nothing = caught.value.details
    assert near.startswith("Sale_Rep: did you mean ")
    assert "bill__Sales_Rep" in near
    assert nothing.startswith("Zzz: no similar name; the org has ")
    assert "install or deploy it in an earlier step" in caught.value.hint
    assert assigned(ready) == []


def test_a_permission_set_that_salesforce_refuses_is_named(ready: StepRunner) -> None:
    error = {"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": "user license mismatch"}
    ready.emulated.fault(
        {"path": "composite/sobjects"},
        {"do": "answer", "status": 200, "body": [{"success": False, "errors": [error]}]},
    )
    with pytest.raises(StepFailed, match="1 of 1 permission sets were not assigned") as caught:
        ready.finish(AssignPermissionSets(sets=("Sales_Rep",)))
    assert caught.value.details == ("Sales_Rep: FIELD_INTEGRITY_EXCEPTION: user license mismatch",)
    assert caught.value.kind is ErrorKind.CONTENT


def test_a_lock_is_retried(ready: StepRunner) -> None:
    error = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy"}
    ready.emulated.fault(
        {"path": "composite/sobjects"},
        {"do": "answer", "status": 200, "body": [{"success": False, "errors": [error]}]},
    )
    ready.finish(AssignPermissionSets(sets=("Sales_Rep",)))
    assert (ready.retries, assigned(ready)) == (1, [":Sales_Rep"])


def test_a_namespace_is_part_of_the_name() -> None:
    def row(namespace: str | None, name: str) -> dict[str, str | None]:
        return {"NamespacePrefix": namespace, "Name": name}

    assert Name.parse("ns__Rep") == Name("ns", "Rep")
    assert Name.parse("Rep").rank(row(None, "rep")) == 0
    assert Name.parse("Rep").rank(row("ns", "Rep")) == 1
    assert Name.parse("ns__Rep").rank(row("NS", "Rep")) == 0
    assert Name.parse("ns__Rep").rank(row(None, "Rep")) is None
    assert Name.parse("Rep").rank(row(None, "Other")) is None


def test_a_name_that_is_listed_twice_is_a_warning(tmp_path: Path) -> None:
    (finding,) = AssignPermissionSets(sets=("A", "B", "A")).check(tmp_path)
    assert (finding.field, finding.message, finding.is_warning) == (
        "sets.2",
        "A is listed twice",
        True,
    )


# --- permission set groups ----------------------------------------------------------------


def with_group(runner: StepRunner, *, status: str = "") -> StepRunner:
    """The case of a project that deploys a group and assigns it right away."""
    folder = metadata_folder(runner.directory / "grouped", sets=["Reader"])
    write(
        folder / "permissionsetgroups/All_Readers.permissionsetgroup",
        '<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata"><label>All</label>'
        f"<permissionSets>Reader</permissionSets>{status}</PermissionSetGroup>",
    )
    manifest = folder / "package.xml"
    types = "<types><members>All_Readers</members><name>PermissionSetGroup</name></types>"
    manifest.write_text(manifest.read_text().replace("<version>", f"{types}<version>"))
    runner.finish(DeploySource(path=Path("grouped")))
    return runner


def answer_status(runner: StepRunner, status: str) -> None:
    """The next query for the states of groups finds this one."""
    row = {"DeveloperName": "All_Readers", "Status": status}
    body = {"records": [row], "done": True, "totalSize": 1}
    runner.emulated.fault(
        {"route": "query", "nth": 2}, {"do": "answer", "status": 200, "body": body}
    )


def test_a_group_that_has_to_be_calculated_again_is_retried(runner: StepRunner) -> None:
    """Its state has changed since it was queried."""
    with_group(runner)
    text = 'You can only assign users to permission set groups that have the "Updated" status.'
    refused = {"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": text}
    runner.emulated.fault(
        {"path": "composite/sobjects"},
        {"do": "answer", "status": 200, "body": [{"success": False, "errors": [refused]}]},
    )
    step = AssignPermissionSets(groups=("All_Readers",))
    failure = runner.failure(step)
    assert failure.kind is ErrorKind.TRANSIENT
    assert "not calculated the permission set group yet: All_Readers" in str(failure)
    assert runner.finish(step).note.startswith("assigned ")
    assert assigned(runner) == [":All_Readers"]


def test_a_group_among_permission_sets_is_an_error_at_once(runner: StepRunner) -> None:
    """Whether it is calculated by then or not; without a further request."""
    with_group(runner)
    before = len(runner.emulated.world.log.entries())
    failure = runner.failure(AssignPermissionSets(sets=("Reader", "all_readers")))
    assert failure.message == "not a permission set but a permission set group: all_readers"
    assert failure.hint == "write assign_permission_sets: { groups: [all_readers] }"
    assert failure.kind is ErrorKind.CONTENT
    assert len(runner.emulated.world.log.entries()) - before == 1
    assert assigned(runner) == []


def test_a_permission_set_among_groups_is_an_error_at_once(ready: StepRunner) -> None:
    failure = ready.failure(AssignPermissionSets(groups=("bill__Sales_Rep",)))
    assert failure.message == "not a permission set group but a permission set: bill__Sales_Rep"
    assert failure.hint == "write assign_permission_sets: { sets: [bill__Sales_Rep] }"
    assert failure.kind is ErrorKind.CONTENT


def test_a_group_and_another_set_that_are_refused_are_a_failure(runner: StepRunner) -> None:
    metadata_folder(runner.directory / "mdapi", sets=["Reader", "Writer"])
    runner.finish(DeploySource(path=Path("mdapi")))
    errors = [
        {"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": text}
        for text in (
            'You can only assign users to permission set groups that have the "Updated" status.',
            "user license mismatch",
        )
    ]
    runner.emulated.fault(
        {"path": "composite/sobjects"},
        {
            "do": "answer",
            "status": 200,
            "body": [{"success": False, "errors": [error]} for error in errors],
        },
    )
    with pytest.raises(StepFailed, match="2 of 2 permission sets") as caught:
        runner.finish(AssignPermissionSets(sets=("Reader", "Writer")))
    assert caught.value.kind is ErrorKind.CONTENT


def test_a_group_of_groups_is_waited_for(runner: StepRunner) -> None:
    with_group(runner)
    step = AssignPermissionSets(groups=("all_readers",))
    first = runner.advance(step)
    assert isinstance(first, Pending)
    assert first.note.startswith(
        "Salesforce has not calculated the permission set group yet: all_readers ("
    )
    assert runner.finish(step) == Done("assigned 1 permission set group")
    assert runner.finish(step) == Done("assigned 0 permission set groups")
    assert (runner.retries, assigned(runner)) == (0, [":All_Readers"])


def test_a_group_of_groups_that_has_failed_is_an_error(runner: StepRunner) -> None:
    fault = {"do": "error", "error": "Failed"}
    runner.emulated.fault({"operation": "permission_set_group"}, fault)
    with_group(runner)
    with pytest.raises(StepFailed, match="All_Readers has the status Failed") as caught:
        runner.finish(AssignPermissionSets(groups=("All_Readers",)))
    assert caught.value.kind is ErrorKind.CONTENT
    assert "Setup, Permission Set Groups" in caught.value.hint


# --- licences and users -------------------------------------------------------------------


def with_agent(runner: StepRunner, **fields: str) -> StepRunner:
    write(runner.directory / "agent-user.json", json.dumps(fields))
    runner.finish(CreateUsers(definitions=(Path("agent-user.json"),)))
    return runner


def licensed(runner: StepRunner) -> list[tuple[str, str]]:
    """Username and licence of each assignment."""
    fields = "Assignee.Username, PermissionSetLicense.DeveloperName"
    rows = runner.org.query(f"SELECT {fields} FROM PermissionSetLicenseAssign")
    return sorted(
        (row["Assignee"]["Username"], row["PermissionSetLicense"]["DeveloperName"]) for row in rows
    )


def test_licences_are_assigned_first(ready: StepRunner) -> None:
    step = AssignPermissionSets(sets=("Sales_Rep",), licenses=("SalesConsoleUser", "CRMUserPsl"))
    done = Done("assigned 2 permission set licences, 1 permission set")
    assert ready.finish(step) == done
    assert licensed(ready) == [(USERNAME, "CRMUserPsl"), (USERNAME, "SalesConsoleUser")]
    assert ready.finish(step) == Done("assigned 0 permission set licences, 0 permission sets")


def test_users_get_it_and_the_admin_does_not(ready: StepRunner) -> None:
    with_agent(ready)
    step = AssignPermissionSets(
        sets=("Sales_Rep", "Service_Rep"), licenses=("CRMUserPsl",), users=("agent",)
    )
    note = "assigned 1 permission set licence, 2 permission sets"
    assert ready.finish(step) == Done(note)
    assert assigned(ready) == []
    assert licensed(ready) == [(f"agent.{USERNAME}", "CRMUserPsl")]


def test_unknown_names_of_every_kind_are_reported_before_anything_is_assigned(
    ready: StepRunner,
) -> None:
    step = AssignPermissionSets(sets=("Sales_Rep", "Zz"), groups=("Yy",), licenses=("CRMUserPs",))
    with pytest.raises(StepFailed) as caught:
        ready.finish(step)
    assert caught.value.message == (
        "permission set licences not found in the org: CRMUserPs; permission sets not found in "
        "the org: Zz; permission set groups not found in the org: Yy"
    )
    assert caught.value.details[0].startswith("CRMUserPs: did you mean CRMUserPsl")
    assert caught.value.details[2] == "Yy: no similar name; the org has none"
    assert assigned(ready) == []


def test_an_unknown_persona_is_reported_with_a_similar_one(ready: StepRunner) -> None:
    with_agent(ready)
    with pytest.raises(StepFailed, match="no user of the persona agnet") as caught:
        ready.finish(AssignPermissionSets(sets=("Sales_Rep",), users=("agnet",)))
    assert caught.value.details == ("agnet: did you mean agent?",)
    assert "a step create_users before this one" in caught.value.hint


def test_a_user_that_was_deleted_replaces_the_org(ready: StepRunner) -> None:
    ready.users = ({"persona": "agent", "username": "agent.gone@acme.example"},)
    with pytest.raises(StepFailed, match=r"no user agent\.gone") as caught:
        ready.finish(AssignPermissionSets(sets=("Sales_Rep",), users=("agent",)))
    assert caught.value.kind is ErrorKind.REPLACE


def test_a_licence_that_the_user_licence_does_not_support_names_the_persona(
    ready: StepRunner,
) -> None:
    with_agent(ready, profileName="Standard Platform User")
    step = AssignPermissionSets(licenses=("SalesConsoleUser",), users=("agent",))
    with pytest.raises(StepFailed) as caught:
        ready.finish(step)
    assert caught.value.message == "1 of 1 permission set licences were not assigned"
    (detail,) = caught.value.details
    assert detail.startswith("agent: SalesConsoleUser: FIELD_INTEGRITY_EXCEPTION: ")
    assert "user license doesn't support it" in detail


def test_a_used_up_permission_set_licence_has_a_hint(ready: StepRunner) -> None:
    store = ready.emulated_org.store
    (row,) = store.find_by("PermissionSetLicense", "DeveloperName", "CRMUserPsl")
    store.set_fields("PermissionSetLicense", row["Id"], {"TotalLicenses": 0})
    with pytest.raises(StepFailed, match="1 of 1 permission set licences") as caught:
        ready.finish(AssignPermissionSets(licenses=("CRMUserPsl",)))
    assert caught.value.hint == (
        "the org has no free licence of this kind; assign it to fewer users"
    )


def test_a_step_that_assigns_nothing_is_refused(tmp_path: Path) -> None:
    (finding,) = AssignPermissionSets(users=("agent",)).check(tmp_path)
    assert finding.message == "nothing is assigned; write sets, groups or licenses"


def test_the_fingerprint_of_the_short_form_is_that_of_earlier_versions(tmp_path: Path) -> None:
    step = AssignPermissionSets(sets=("B", "A"))
    assert step.inputs(tmp_path) == [b"A", b"B"]
    assert AssignPermissionSets(groups=("A",)).inputs(tmp_path) == [b"groups A"]

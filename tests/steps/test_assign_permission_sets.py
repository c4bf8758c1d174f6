"""assign_permission_sets: by API name, once, and near names for an unknown one."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.salesforce.permission_sets import Name
from provisioner.steps.assign_permission_sets import AssignPermissionSets
from provisioner.steps.base import Done, StepFailed
from provisioner.steps.deploy_source import DeploySource
from tests.steps.carrier import Carrier
from tests.steps.project import metadata_folder


@pytest.fixture
def ready(carrier: Carrier) -> Carrier:
    """An org with three permission sets, one of them in a package's namespace."""
    metadata_folder(carrier.directory / "mdapi", sets=["Sales_Rep", "Service_Rep"])
    carrier.finish(DeploySource(path=Path("mdapi")))
    carrier.emulated_org.store.add(
        "PermissionSet",
        {"Name": "Sales_Rep", "Label": "x", "NamespacePrefix": "bill", "IsOwnedByProfile": False},
    )
    return carrier


def assigned(carrier: Carrier) -> list[str]:
    rows = carrier.org.query(
        "SELECT PermissionSet.Name, PermissionSet.NamespacePrefix FROM PermissionSetAssignment "
        f"WHERE AssigneeId = '{carrier.emulated_org.admin_id}' "
        "AND PermissionSet.IsOwnedByProfile = false"
    )
    sets = [row["PermissionSet"] for row in rows]
    return sorted(f"{s['NamespacePrefix'] or ''}:{s['Name']}" for s in sets)


def test_permission_sets_are_assigned_by_name_whatever_its_case(ready: Carrier) -> None:
    step = AssignPermissionSets(sets=("sales_rep", "bill__Sales_Rep", "Service_Rep"))
    assert ready.finish(step) == Done("assigned 3 permission sets")
    assert assigned(ready) == [":Sales_Rep", ":Service_Rep", "bill:Sales_Rep"]


def test_three_requests_serve_any_number_of_names(ready: Carrier) -> None:
    before = len(ready.emulated.world.log.entries())
    ready.finish(AssignPermissionSets(sets=("Sales_Rep", "bill__Sales_Rep", "Service_Rep")))
    assert len(ready.emulated.world.log.entries()) - before == 3


def test_what_the_user_has_is_done(ready: Carrier) -> None:
    ready.finish(AssignPermissionSets(sets=("Sales_Rep",)))
    step = AssignPermissionSets(sets=("Sales_Rep", "Service_Rep"))
    assert ready.finish(step) == Done("assigned 1 permission sets")
    assert ready.finish(step) == Done("assigned 0 permission sets")
    assert assigned(ready) == [":Sales_Rep", ":Service_Rep"]


def test_an_assignment_whose_answer_was_lost_is_found(ready: Carrier) -> None:
    ready.emulated.fault({"path": "composite/sobjects"}, {"do": "reset", "at": "after"})
    assert ready.finish(AssignPermissionSets(sets=("Sales_Rep",))).note.startswith("assigned 0")
    assert assigned(ready) == [":Sales_Rep"]


def test_a_race_for_the_same_assignment_is_no_failure(ready: Carrier) -> None:
    """Somebody assigns it between our look and our call."""
    name = "Sales_Rep"
    ready.finish(AssignPermissionSets(sets=(name,)))
    ready.emulated.fault(
        {"route": "query", "nth": 2},
        {"do": "answer", "status": 200, "body": {"records": [], "done": True, "totalSize": 0}},
    )
    assert ready.finish(AssignPermissionSets(sets=(name,))) == Done("assigned 1 permission sets")
    assert assigned(ready) == [":Sales_Rep"]


def test_an_unknown_name_is_answered_with_near_ones(ready: Carrier) -> None:
    step = AssignPermissionSets(sets=("Sale_Rep", "Service_Rep", "Zzz"))
    with pytest.raises(StepFailed) as caught:
        ready.finish(step)
    assert caught.value.message == "no such permission set in the org: Sale_Rep, Zzz"
    near, nothing = caught.value.details
    assert near.startswith("Sale_Rep: did you mean ")
    assert "bill__Sales_Rep" in near
    assert nothing.startswith("Zzz: nothing like it; there are ")
    assert "a step before this one must bring it" in caught.value.hint
    assert assigned(ready) == []


def test_a_permission_set_that_salesforce_refuses_is_named(ready: Carrier) -> None:
    error = {"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": "user license mismatch"}
    ready.emulated.fault(
        {"path": "composite/sobjects"},
        {"do": "answer", "status": 200, "body": [{"success": False, "errors": [error]}]},
    )
    with pytest.raises(StepFailed, match="1 of 1 permission sets were not assigned") as caught:
        ready.finish(AssignPermissionSets(sets=("Sales_Rep",)))
    assert caught.value.details == ("Sales_Rep: FIELD_INTEGRITY_EXCEPTION: user license mismatch",)
    assert caught.value.kind == "content"


def test_a_lock_is_waited_for(ready: Carrier) -> None:
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


def test_a_name_listed_twice_is_warned_of(tmp_path: Path) -> None:
    (finding,) = AssignPermissionSets(sets=("A", "B", "A")).check(tmp_path)
    assert (finding.field, finding.message, finding.is_warning) == (
        "sets.2",
        "A is listed twice",
        True,
    )

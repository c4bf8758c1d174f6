"""Org snapshots of a Dev Hub: found by name, requested, read until they end, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from provisioner.emulator.world import Limits
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.definition import definition_from_snapshot
from provisioner.salesforce.hub import HubLimits
from provisioner.salesforce.org_snapshots import OrgSnapshot, OrgSnapshots
from tests.salesforce.world import USERNAME, Emulated


def source(emulated: Emulated, **options: Any) -> str:
    """The id of a new scratch org."""
    return str(emulated.scratch_org(USERNAME, **options).id)


def settled(snapshots: OrgSnapshots, snapshot_id: str) -> tuple[OrgSnapshot, list[str]]:
    """The snapshot at its end, and the states that it had before."""
    states: list[str] = []
    while (found := snapshots.read(snapshot_id)) and found.is_pending:
        states.append(found.status)
    assert found is not None
    return found, states


def test_a_snapshot_becomes_active_and_is_found_by_the_start_of_its_name(
    emulated: Emulated,
) -> None:
    snapshots = OrgSnapshots(emulated.hub().client)
    org_id = source(emulated)
    snapshot_id = snapshots.create("Pabcd00", org_id, "mine " + "x" * 300)
    assert snapshot_id.startswith("0Oo")
    found, states = settled(snapshots, snapshot_id)
    assert set(states) <= {"New", "In Progress"}
    assert states
    today = emulated.world.now().date()
    assert found == OrgSnapshot(
        snapshot_id, "Pabcd00", "Active", org_id, "mine " + "x" * 250, today + timedelta(90), ""
    )
    assert (found.is_active, found.has_failed) == (True, False)
    assert [each.name for each in snapshots.named("pABC")] == ["Pabcd00"]
    assert snapshots.named("other") == []


def test_a_snapshot_that_fails_says_why(emulated: Emulated) -> None:
    snapshots = OrgSnapshots(emulated.hub().client)
    snapshot_id = snapshots.create("P1", source(emulated, namespace="acme"), "")
    found, _ = settled(snapshots, snapshot_id)
    assert (found.status, found.has_failed, found.expires) == ("Error", True, None)
    assert found.error == "The source org has a namespace."


def test_deleted_snapshots_do_not_exist_and_one_that_is_gone_counts_as_deleted(
    emulated: Emulated,
) -> None:
    snapshots = OrgSnapshots(emulated.hub().client)
    org_id = source(emulated)
    ids = [snapshots.create(f"P{number}", org_id, "") for number in range(2)]
    before = len(emulated.world.log.entries())
    assert snapshots.delete(ids) == []
    assert len(emulated.world.log.entries()) - before == 1
    assert snapshots.read(ids[0]) is None
    assert snapshots.delete(ids) == []
    assert snapshots.delete([]) == []


def test_a_deletion_that_is_refused_is_named(emulated: Emulated) -> None:
    snapshots = OrgSnapshots(emulated.hub().client)
    snapshot_id = snapshots.create("P1", source(emulated), "")
    refusal = {"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "not yours"}
    results = [{"id": snapshot_id, "success": False, "errors": [refusal]}]
    emulated.fault({"method": "DELETE"}, {"do": "answer", "status": 200, "body": results})
    assert snapshots.delete([snapshot_id]) == [f"{snapshot_id}: not yours"]


def test_where_snapshots_are_off_a_query_and_a_request_say_what_to_enable(
    emulated: Emulated,
) -> None:
    emulated.world.hub.store.remove_type("OrgSnapshot")  # as where Setup does not enable them
    snapshots = OrgSnapshots(emulated.hub().client)
    for code, call in (
        ("INVALID_TYPE", lambda: snapshots.named("P")),
        ("NOT_FOUND", lambda: snapshots.create("P1", source(emulated), "")),
    ):
        with pytest.raises(SalesforceError, match=code) as caught:
            call()
        assert caught.value.code == "snapshots_unavailable"
        assert caught.value.kind is ErrorKind.CONFIGURATION
        assert caught.value.hint.startswith("enable Scratch Org Snapshots in Setup")


def test_refused_requests_say_what_would_help() -> None:
    with Emulated(limits=Limits(active_snapshots=2, daily_snapshots=3)) as emulated:
        snapshots = OrgSnapshots(emulated.hub().client)
        org_id = source(emulated)
        first = snapshots.create("P1", org_id, "")
        error = _refused(snapshots, "P1", org_id)
        assert (error.error_code, error.hint[:31]) == (
            "DUPLICATE_VALUE",
            "the Dev Hub has a snapshot P1 t",
        )
        snapshots.create("P2", org_id, "")
        assert emulated.hub().limits() == HubLimits(40, 40, 80, 80, 0, 1)
        error = _refused(snapshots, "P3", org_id)
        assert (error.kind, error.code) == (ErrorKind.LIMIT, "snapshot_limit")
        assert error.hint.startswith("delete org snapshots that are not needed")
        snapshots.delete([first])
        snapshots.create("P3", org_id, "")
        error = _refused(snapshots, "P4", org_id)
        assert error.hint.startswith("the Dev Hub allows no more snapshots today")


def test_a_missing_right_is_named(emulated: Emulated) -> None:
    snapshots = OrgSnapshots(emulated.hub().client)
    refusal = {
        "do": "answer",
        "status": 403,
        "body": [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}],
    }
    emulated.fault({"method": "POST", "path": "OrgSnapshot"}, refusal)
    error = _refused(snapshots, "P1", source(emulated))
    assert error.hint == "give the user Read, Create and Delete on Org Snapshots"


def _refused(snapshots: OrgSnapshots, name: str, org_id: str) -> SalesforceError:
    with pytest.raises(SalesforceError) as caught:
        snapshots.create(name, org_id, "")
    return caught.value


@pytest.mark.parametrize(
    ("definition", "left"),
    [
        ({"edition": "Developer", "features": ["API"]}, {}),
        ({"hasSampleData": True, "release": "preview", "template": "0TT"}, {}),
        ({"sourceOrg": "00D", "orgName": "Acme"}, {"orgName": "Acme"}),
        ({"settings": {"a": 1}, "country": "DE"}, {"settings": {"a": 1}, "country": "DE"}),
    ],
)
def test_a_definition_from_a_snapshot_lacks_what_the_snapshot_determines(
    definition: Mapping[str, Any], left: Mapping[str, Any]
) -> None:
    before = dict(definition)
    assert definition_from_snapshot(definition, "P1") == {**left, "snapshot": "P1"}
    assert definition == before

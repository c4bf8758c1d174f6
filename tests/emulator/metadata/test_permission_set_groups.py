"""Permission set groups: calculated before they can be assigned, backed by a permission set."""

from __future__ import annotations

from tests.emulator.metadata.builders import XMLNS, package, permission_set
from tests.emulator.metadata.conftest import OrgClient, failures
from tests.emulator.metadata.test_permission_sets import assign


def group(*members: str) -> str:
    """A permission set group file."""
    sets = "".join(f"<permissionSets>{one}</permissionSets>" for one in members)
    return f"<PermissionSetGroup {XMLNS}><label>All</label>{sets}</PermissionSetGroup>"


GROUP_FILES = {
    "permissionsets/Reader.permissionset": permission_set(),
    "permissionsetgroups/All.permissionsetgroup": group("Reader"),
}
GROUP = package({"PermissionSet": "Reader", "PermissionSetGroup": "All"}, GROUP_FILES)


def deploy_group(slow: OrgClient) -> str:
    """Deploy the group in a world that stands still; its id."""
    deploy_id = slow.start_deploy(GROUP)["id"]
    for _ in range(4):
        slow.world.clock.advance(11)
        status = slow.deploy_status(deploy_id)
    assert status["status"] == "Succeeded"
    return str(slow.query("SELECT Id FROM PermissionSetGroup")[0]["Id"])


def group_status(client: OrgClient) -> str:
    """One poll of the group."""
    [row] = client.query("SELECT Status FROM PermissionSetGroup WHERE DeveloperName = 'All'")
    return str(row["Status"])


def test_a_group_is_calculated_before_it_can_be_assigned(slow: OrgClient) -> None:
    group_id = deploy_group(slow)
    assert group_status(slow) == "Outdated"
    refused = assign(slow, PermissionSetGroupId=group_id)
    assert refused.status_code == 400
    assert refused.json()[0]["message"] == (
        'You can only assign users to permission set groups that have the "Updated" status.'
    )
    slow.world.clock.advance(101)
    assert group_status(slow) == "Updating"
    slow.world.clock.advance(101)
    assert group_status(slow) == "Updated"
    assert assign(slow, PermissionSetGroupId=group_id).status_code == 201


def test_a_group_has_a_permission_set_of_its_name(client: OrgClient) -> None:
    assert client.deploy(GROUP)["status"] == "Succeeded"
    query = "SELECT Id, Type FROM PermissionSet WHERE Name = 'All'"
    [backing] = client.query(query)
    assert backing["Type"] == "Group"
    group_id = client.query("SELECT Id FROM PermissionSetGroup")[0]["Id"]
    assert client.query("SELECT Id FROM PermissionSetGroupComponent") != []
    assert assign(client, PermissionSetGroupId=group_id).status_code == 201
    rows = client.query("SELECT PermissionSetId, PermissionSetGroupId FROM PermissionSetAssignment")
    assert rows[0]["PermissionSetId"] == backing["Id"]
    assert rows[0]["PermissionSetGroupId"] == group_id
    again = assign(client, PermissionSetId=backing["Id"])
    assert again.json()[0]["message"].startswith("Duplicate PermissionSetAssignment")


def test_a_change_of_a_member_makes_its_groups_outdated(slow: OrgClient) -> None:
    deploy_group(slow)
    for _ in range(3):
        slow.world.clock.advance(101)
        status = group_status(slow)
    assert status == "Updated"
    files = {"permissionsets/Reader.permissionset": permission_set(label="Other")}
    deploy_id = slow.start_deploy(package({"PermissionSet": "Reader"}, files))["id"]
    for _ in range(4):
        slow.world.clock.advance(11)
        slow.deploy_status(deploy_id)
    assert group_status(slow) == "Outdated"


def test_a_group_of_nobody(client: OrgClient) -> None:
    files = {"permissionsetgroups/All.permissionsetgroup": group("Nobody")}
    result = client.deploy(package({"PermissionSetGroup": "All"}, files))
    expected = "In field: permissionSets - no PermissionSet named Nobody found"
    assert failures(result)[0][2] == expected


def test_a_group_made_through_the_api_is_calculated_too(client: OrgClient) -> None:
    made = client.create("PermissionSetGroup", DeveloperName="Own", MasterLabel="Own")
    assert made.status_code == 201
    assert client.query("SELECT Status FROM PermissionSetGroup")[0]["Status"] == "Updated"
    assert assign(client, PermissionSetGroupId=made.json()["id"]).status_code == 201

"""Permission sets, groups, profiles and licences: deployed, checked, assigned once."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.metadata.builders import (
    XMLNS,
    apex,
    custom_field,
    custom_object,
    field_grant,
    package,
    permission_set,
)
from tests.emulator.metadata.conftest import OrgClient, failures


def deploy_set(client: OrgClient, *grants: str, name: str = "Reader") -> dict[str, Any]:
    """Deploy one permission set."""
    files = {f"permissionsets/{name}.permissionset": permission_set(*grants)}
    return client.deploy(package({"PermissionSet": name}, files))


def object_grant(name: str, **flags: bool) -> str:
    """An `<objectPermissions>` element; what is not named is false."""
    names = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords")
    texts = "".join(f"<{one}>{str(flags.get(one, False)).lower()}</{one}>" for one in names)
    return f"<objectPermissions>{texts}<object>{name}</object></objectPermissions>"


def assign(client: OrgClient, **values: Any) -> requests.Response:
    """Assign to the admin."""
    values.setdefault("AssigneeId", client.org.admin_id)
    return client.create("PermissionSetAssignment", **values)


def set_id(client: OrgClient, name: str = "Reader") -> str:
    """The id of a permission set by its name."""
    [row] = client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")
    return str(row["Id"])


def test_a_permission_set_becomes_a_record(client: OrgClient) -> None:
    result = deploy_set(client, object_grant("Account", allowRead=True))
    assert result["status"] == "Succeeded"
    query = "SELECT Id, Label, IsOwnedByProfile, Type, NamespacePrefix FROM PermissionSet"
    [row] = client.query(f"{query} WHERE Name = 'Reader'")
    assert (row["Label"], row["IsOwnedByProfile"], row["Type"]) == ("Reader", False, "Regular")
    assert row["NamespacePrefix"] is None
    assert result["details"]["componentSuccesses"][1]["id"] == row["Id"]
    [grant] = client.query("SELECT SobjectType, PermissionsRead FROM ObjectPermissions")
    assert (grant["SobjectType"], grant["PermissionsRead"]) == ("Account", True)


def test_a_redeploy_keeps_the_id_and_replaces_the_grants(client: OrgClient) -> None:
    deploy_set(client, object_grant("Account", allowRead=True))
    before = set_id(client)
    deploy_set(client, object_grant("Contact", allowRead=True))
    assert set_id(client) == before
    rows = client.query("SELECT SobjectType FROM ObjectPermissions")
    assert [row["SobjectType"] for row in rows] == ["Contact"]


@pytest.mark.parametrize(
    ("grant", "problem"),
    [
        (
            field_grant("Account.Nope__c"),
            "In field: field - no CustomField named Account.Nope__c found",
        ),
        (
            field_grant("Nope__c.F__c"),
            "In field: field - no CustomField named Nope__c.F__c found",
        ),
        (
            object_grant("Nope__c", allowRead=True),
            "In field: object - no CustomObject named Nope__c found",
        ),
        (
            object_grant("Account", allowCreate=True),
            "Permission Create Account depends on permission(s): Read Account",
        ),
        (
            object_grant("Account", allowRead=True, allowDelete=True),
            "Permission Delete Account depends on permission(s): Edit Account",
        ),
        (
            "<classAccesses><apexClass>Nope</apexClass><enabled>true</enabled></classAccesses>",
            "In field: apexClass - no ApexClass named Nope found",
        ),
        (
            "<tabSettings><tab>Nope__c</tab><visibility>Visible</visibility></tabSettings>",
            "In field: tab - no CustomTab named Nope__c found",
        ),
        (
            "<applicationVisibilities><application>Nope</application><visible>true</visible>"
            "</applicationVisibilities>",
            "In field: application - no CustomApplication named Nope found",
        ),
        (
            "<recordTypeVisibilities><recordType>Account.Nope</recordType><visible>true</visible>"
            "</recordTypeVisibilities>",
            "In field: recordType - no RecordType named Account.Nope found",
        ),
        (
            "<customPermissions><enabled>true</enabled><name>Nope</name></customPermissions>",
            "In field: name - no CustomPermission named Nope found",
        ),
        ("<license>Nope</license>", "In field: license - no UserLicense named Nope found"),
        (
            field_grant("ns__Thing__c.ns__F__c"),
            "In field: field - no CustomField named ns__Thing__c.ns__F__c found",
        ),
    ],
)
def test_grants_on_what_is_not_there(client: OrgClient, grant: str, problem: str) -> None:
    result = deploy_set(client, grant)
    assert result["status"] == "Failed"
    assert failures(result) == [("permissionsets/Reader.permissionset", "Reader", problem)]
    assert client.query("SELECT Id FROM PermissionSet WHERE Name = 'Reader'") == []


def test_required_fields_cannot_be_granted(client: OrgClient) -> None:
    required = custom_field("Req__c", more="<length>5</length><required>true</required>")
    files = {
        "objects/Thing__c.object": custom_object(required),
        "permissionsets/Reader.permissionset": permission_set(field_grant("Thing__c.Req__c")),
    }
    result = client.deploy(package({"CustomObject": "Thing__c", "PermissionSet": "Reader"}, files))
    assert failures(result)[0][2] == "You cannot deploy to a required field: Thing__c.Req__c"


def test_what_comes_in_the_same_deploy_can_be_granted(client: OrgClient) -> None:
    classes = "<classAccesses><apexClass>A</apexClass><enabled>true</enabled></classAccesses>"
    files = {
        **apex("A", "public class A { }"),
        "objects/Thing__c.object": custom_object(custom_field("F__c")),
        "permissionsets/Reader.permissionset": permission_set(
            field_grant("Thing__c.F__c"), object_grant("Thing__c", allowRead=True), classes
        ),
    }
    members = {"PermissionSet": "Reader", "CustomObject": "Thing__c", "ApexClass": "A"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"


def test_an_assignment_counts_once(client: OrgClient) -> None:
    deploy_set(client)
    wanted = set_id(client)
    assert assign(client, PermissionSetId=wanted).status_code == 201
    again = assign(client, PermissionSetId=wanted)
    assert again.status_code == 400
    assert again.json()[0]["message"] == (
        f"Duplicate PermissionSetAssignment.  Assignee: {client.org.admin_id[:15]}; "
        f"Permission Set: {wanted[:15]}"
    )
    assert len(client.query("SELECT Id FROM PermissionSetAssignment")) == 1
    fifteen = assign(client, PermissionSetId=wanted[:15], AssigneeId=client.org.admin_id[:15])
    assert fifteen.json()[0]["message"].startswith("Duplicate PermissionSetAssignment")


def test_assignments_of_what_is_not_there(client: OrgClient) -> None:
    unknown = assign(client, PermissionSetId="0PS000000000001AAA")
    assert unknown.json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    malformed = assign(client, PermissionSetId="0PS1")
    assert malformed.json()[0]["errorCode"] == "MALFORMED_ID"
    nothing = assign(client)
    assert nothing.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    deploy_set(client)
    nobody = assign(client, PermissionSetId=set_id(client), AssigneeId="005000000000001AAA")
    assert nobody.json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_the_permission_set_of_a_profile_is_not_assigned(client: OrgClient) -> None:
    [row] = client.query("SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true LIMIT 1")
    refused = assign(client, PermissionSetId=row["Id"])
    assert refused.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_profiles_are_known_by_their_names_in_the_api(client: OrgClient) -> None:
    profile = f"<Profile {XMLNS}><custom>false</custom></Profile>"
    own = f"<Profile {XMLNS}><custom>true</custom><userLicense>Salesforce</userLicense></Profile>"
    files = {"profiles/Admin.profile": profile, "profiles/Sales.profile": own}
    result = client.deploy(package({"Profile": "Admin Sales"}, files))
    assert result["status"] == "Succeeded"
    assert len(client.query("SELECT Id FROM Profile WHERE Name = 'System Administrator'")) == 1
    query = "SELECT UserLicense.Name FROM Profile WHERE Name = 'Sales'"
    assert client.query(query)[0]["UserLicense"]["Name"] == "Salesforce"


def test_licences_are_assigned_once_and_while_they_last(client: OrgClient) -> None:
    values = {"DeveloperName": "Gen", "MasterLabel": "Gen", "TotalLicenses": 1}
    license_id = client.org.store.add("PermissionSetLicense", values)
    wanted = {"AssigneeId": client.org.admin_id, "PermissionSetLicenseId": license_id}
    assert client.create("PermissionSetLicenseAssign", **wanted).status_code == 201
    again = client.create("PermissionSetLicenseAssign", **wanted)
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert again.json()[0]["message"].startswith("duplicate value found")
    other = client.org.store.add("User", {"Username": "b@scratch.example", "LastName": "B"})
    wanted["AssigneeId"] = other
    used_up = client.create("PermissionSetLicenseAssign", **wanted)
    assert used_up.json()[0]["errorCode"] == "LICENSE_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("profile", "name", "status"),
    [
        ("Standard User", "SalesConsoleUser", 201),
        ("Standard Platform User", "SalesConsoleUser", 400),
        ("Standard Platform User", "IdentityConnect", 201),
        ("Chatter Free User", "IdentityConnect", 400),
    ],
)
def test_the_users_licence_must_support_a_permission_set_licence(
    client: OrgClient, profile: str, name: str, status: int
) -> None:
    profile_id = client.query(f"SELECT Id FROM Profile WHERE Name = '{profile}'")[0]["Id"]
    values = {"Username": "c@scratch.example", "LastName": "C", "ProfileId": profile_id}
    user_id = client.org.store.add("User", values)
    query = f"SELECT Id, MasterLabel FROM PermissionSetLicense WHERE DeveloperName = '{name}'"
    [licence] = client.query(query)
    wanted = {"AssigneeId": user_id, "PermissionSetLicenseId": licence["Id"]}
    reply = client.create("PermissionSetLicenseAssign", **wanted)
    assert reply.status_code == status
    if status == 400:
        assert reply.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
        assert reply.json()[0]["message"] == (
            f"C can't be assigned the {licence['MasterLabel']} permission set license, because "
            "C's user license doesn't support it."
        )


def test_a_deleted_permission_set_takes_its_assignments_along(client: OrgClient) -> None:
    deploy_set(client)
    assign(client, PermissionSetId=set_id(client))
    destructive = {
        "destructiveChanges.xml": (
            f"<Package {XMLNS}><types><members>Reader</members><name>PermissionSet</name></types>"
            "</Package>"
        )
    }
    result = client.deploy(package({}, destructive))
    assert result["status"] == "Succeeded"
    assert client.query("SELECT Id FROM PermissionSet WHERE Name = 'Reader'") == []
    assert client.query("SELECT Id FROM PermissionSetAssignment") == []

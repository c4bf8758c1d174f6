"""Package installs by the Tooling API: over time, refused, colliding, with what they bring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from provisioner.emulator.clock import Clock
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.world import World
from tests.emulator.metadata.builders import apex, field_grant, package, permission_set
from tests.emulator.metadata.conftest import API, OrgClient, serve
from tests.emulator.metadata.test_deploy_soap import soap
from tests.emulator.metadata.test_retrieve import listed, retrieved, status

BASE, EXTRA, KEYED, LATER, BROKEN, OLD = (f"04t00000000000{digit}AAA" for digit in "123456")
PACKAGES: Mapping[str, Mapping[str, Any]] = {
    BASE: {
        "name": "Base",
        "namespace": "acme",
        "version": "2.0.0.1",
        "package_id": "033000000000001AAA",
        "permission_sets": ["Base_User"],
        "objects": [{"name": "Thing__c", "fields": {"Note__c": "string"}}],
    },
    EXTRA: {"name": "Extra", "version": "1.1.0.4", "depends_on": [BASE]},
    KEYED: {"name": "Keyed", "installation_key": "it's \\ secret"},
    LATER: {"name": "Later", "available_after": 600},
    BROKEN: {"name": "Broken", "error": "Apex compile failure: Missing ';' at '}'"},
    OLD: {"name": "Base", "version": "1.0.0.1", "package_id": "033000000000001AAA"},
}


@pytest.fixture
def packages() -> Iterator[OrgClient]:
    """A scratch org in a world that knows six package versions; nothing takes time."""
    latencies = Latencies(instant=True)
    yield from serve(World(clock=Clock(speed=0), latencies=latencies, packages=PACKAGES))


def outcome(client: OrgClient, version_id: str, **values: Any) -> tuple[str, str]:
    """Status and first message of an install that is over."""
    reply = client.install(version_id, **values)
    assert reply.status_code == 201, reply.text
    assert reply.json()["id"].startswith("0Hf")
    status = client.install_status(reply.json()["id"])
    errors = status["Errors"]["errors"] if status["Errors"] else [{"message": ""}]
    return status["Status"], errors[0]["message"]


def versions(client: OrgClient, where: str, fields: str = "Id, Name") -> Any:
    """The answer to a query of SubscriberPackageVersion."""
    soql = f"SELECT {fields} FROM SubscriberPackageVersion{where}"
    return client.call("GET", f"{API}/tooling/query", params={"q": soql})


def test_any_well_formed_id_installs_by_default(client: OrgClient) -> None:
    assert outcome(client, "04tAAAAAAAAAAAA") == ("SUCCESS", "")
    fields = "SubscriberPackage.Name, SubscriberPackageVersion.Id, SubscriberPackageVersionId"
    soql = f"SELECT Id, SubscriberPackageId, {fields} FROM InstalledSubscriberPackage"
    [row] = client.query(soql, tooling=True)
    assert row["SubscriberPackageVersionId"][:15] == "04tAAAAAAAAAAAA"
    assert row["SubscriberPackageVersion"]["Id"] == row["SubscriberPackageVersionId"]
    assert row["SubscriberPackage"]["Name"]


def test_an_install_takes_time(slow: OrgClient) -> None:
    request_id = slow.install("04tAAAAAAAAAAAAAAA").json()["id"]
    for _ in range(2):
        assert slow.install_status(request_id)["Status"] == "IN_PROGRESS"
        assert slow.query("SELECT Id FROM InstalledSubscriberPackage", tooling=True) == []
        slow.world.clock.advance(14)
    slow.world.clock.advance(3)
    assert slow.install_status(request_id)["Status"] == "SUCCESS"
    rows = slow.query("SELECT Id FROM InstalledSubscriberPackage", tooling=True)
    assert len(rows) == 1


def test_the_status_can_be_queried(client: OrgClient) -> None:
    request_id = client.install("04tAAAAAAAAAAAAAAA").json()["id"]
    soql = f"SELECT Errors, Status FROM PackageInstallRequest WHERE Id = '{request_id}'"
    [row] = client.query(soql, tooling=True)
    assert (row["Errors"], row["Status"]) == (None, "SUCCESS")


def test_a_package_brings_permission_sets_and_objects(packages: OrgClient) -> None:
    assert outcome(packages, BASE) == ("SUCCESS", "")
    soql = "SELECT Id FROM PermissionSet WHERE Name = 'Base_User' AND NamespacePrefix = 'acme'"
    [row] = packages.query(soql)
    values = {"AssigneeId": packages.org.admin_id, "PermissionSetId": row["Id"]}
    assert packages.create("PermissionSetAssignment", **values).status_code == 201
    reply = packages.create("acme__Thing__c", Name="a", acme__Note__c="x")
    assert reply.status_code == 201
    grants = permission_set(field_grant("acme__Thing__c.acme__Note__c"))
    files = {"permissionsets/P.permissionset": grants}
    assert packages.deploy(package({"PermissionSet": "P"}, files))["status"] == "Succeeded"


def test_a_malformed_id_is_refused_at_once(client: OrgClient) -> None:
    for wrong in ("04t1", "033000000000001AAA", "04t00000000000!"):
        reply = client.install(wrong)
        assert reply.status_code == 400
        assert reply.json()[0]["errorCode"] in ("MALFORMED_ID", "STRING_TOO_LONG")
    missing = client.call("POST", f"{API}/tooling/sobjects/PackageInstallRequest", json={})
    assert missing.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def refusal(client: OrgClient, version_id: str) -> tuple[str, str]:
    """Code and message of a request that is refused."""
    reply = client.install(version_id)
    assert reply.status_code == 400, reply.text
    return reply.json()[0]["errorCode"], reply.json()[0]["message"]


def test_a_version_that_does_not_exist(packages: OrgClient) -> None:
    assert refusal(packages, "04t000000000009AAA") == (
        "INVALID_CROSS_REFERENCE_KEY",
        "The requested package doesn't yet exist or has been deleted.",
    )


def test_the_installation_key(packages: OrgClient) -> None:
    for given in ({}, {"Password": "wrong"}):
        status, message = outcome(packages, KEYED, **given)
        assert status == "ERROR"
        assert "installation key" in message
    assert outcome(packages, KEYED, Password="it's \\ secret") == ("SUCCESS", "")
    assert outcome(packages, KEYED, Password="it\\'s \\\\ secret") == ("SUCCESS", "")


def test_the_installation_key_is_never_answered(packages: OrgClient) -> None:
    reply = packages.install(KEYED, Password="it's \\ secret")
    status = packages.install_status(reply.json()["id"])
    assert status["Password"] is None
    soql = "SELECT Password FROM PackageInstallRequest"
    assert packages.query(soql, tooling=True)[0]["Password"] is None
    where = f" WHERE Id = '{KEYED}' AND InstallationKey = 'it\\'s \\\\ secret'"
    answer = versions(packages, where, "Id, InstallationKey")
    assert answer.status_code == 200
    assert len(answer.json()["records"]) == 1
    for text in (answer.text, str(packages.world.packages and packages.org.installs)):
        assert "secret" not in text


def test_a_dependency_that_is_missing_or_too_old(packages: OrgClient) -> None:
    expected = (
        "The package you're installing depends on package 'Base', version '2.0'. Install package "
        "'Base' in the target org before you install package 'Extra'."
    )
    assert outcome(packages, EXTRA) == ("ERROR", expected)
    assert outcome(packages, OLD) == ("SUCCESS", "")
    assert outcome(packages, EXTRA) == ("ERROR", expected)
    assert outcome(packages, BASE) == ("SUCCESS", "")
    assert outcome(packages, EXTRA) == ("SUCCESS", "")


def test_the_same_version_again_and_an_earlier_one(packages: OrgClient) -> None:
    for _ in range(2):
        assert outcome(packages, BASE) == ("SUCCESS", "")
    rows = packages.query("SELECT Id FROM InstalledSubscriberPackage", tooling=True)
    assert len(rows) == 1
    status, message = outcome(packages, OLD)
    assert status == "ERROR"
    assert "CANNOT_INSTALL_EARLIER_VERSION" in message


def test_an_install_that_the_data_says_will_fail(packages: OrgClient) -> None:
    expected = ("ERROR", "Apex compile failure: Missing ';' at '}'")
    assert outcome(packages, BROKEN) == expected
    assert packages.query("SELECT Id FROM InstalledSubscriberPackage", tooling=True) == []


def test_a_version_that_is_not_there_yet(packages: OrgClient) -> None:
    where = f" WHERE Id ='{LATER}'"
    fields = "Id, SubscriberPackageId, InstallValidationStatus"
    [row] = versions(packages, where, fields).json()["records"]
    assert row["InstallValidationStatus"] == "PACKAGE_UNAVAILABLE"
    code, message = refusal(packages, LATER)
    assert code == "PACKAGE_UNAVAILABLE"
    assert message.startswith("This package is not yet available")
    packages.world.clock.advance(601)
    [row] = versions(packages, where, fields).json()["records"]
    assert row["InstallValidationStatus"] == "NO_ERRORS_DETECTED"
    assert outcome(packages, LATER) == ("SUCCESS", "")


def test_versions_are_asked_for_by_id_only(packages: OrgClient) -> None:
    for where in ("", " WHERE Name = 'Base'", f" WHERE Id = '{BASE}' AND Name = 'Base'"):
        reply = versions(packages, where)
        assert reply.status_code == 400
        assert reply.json()[0]["errorCode"] == "MALFORMED_QUERY"
        message = reply.json()[0]["message"]
        assert "Implementation restriction: You can only perform queries of the form Id" in message


def test_a_protected_version_is_shown_to_those_who_have_the_key(packages: OrgClient) -> None:
    where = f" WHERE Id = '{KEYED}'"
    without = versions(packages, where).json()[0]
    assert "INSTALL_KEY" in without["errorCode"]
    assert without["message"].startswith("Please provide installationkey when querying")
    wrong = versions(packages, f"{where} AND InstallationKey = 'x'").json()[0]
    assert wrong["message"] == "Invalid InstallationKey for SubscriberPackageVersion"
    right = versions(packages, f"{where} AND InstallationKey = 'it\\'s \\\\ secret'")
    assert right.json()["totalSize"] == 1


def test_all_columns_that_the_salesforce_cli_asks_for(packages: OrgClient) -> None:
    fields = (
        "AppExchangeDescription, AppExchangeLogoUrl, AppExchangePackageName, "
        "AppExchangePublisherName, BuildNumber, CspTrustedSites, Dependencies, Description, Id, "
        "InstallValidationStatus, IsBeta, IsDeprecated, IsManaged, IsOrgDependent, "
        "IsPasswordProtected, IsSecurityReviewed, MajorVersion, MinorVersion, Name, "
        "Package2ContainerOptions, PatchVersion, PostInstallUrl, Profiles, PublisherName, "
        "ReleaseNotesUrl, ReleaseState, RemoteSiteSettings, SubscriberPackageId"
    )
    [row] = versions(packages, f" WHERE Id ='{EXTRA}'", fields).json()["records"]
    numbers = [row[name] for name in ("MajorVersion", "MinorVersion", "BuildNumber")]
    assert numbers == [1, 1, 4]
    assert row["RemoteSiteSettings"] == {"settings": []}
    assert row["Dependencies"]["ids"] == [{"subscriberPackageVersionId": BASE}]
    assert row["Package2ContainerOptions"] == "Unlocked"
    assert versions(packages, " WHERE Id ='04t000000000009AAA'").json()["totalSize"] == 0


def test_two_installs_at_a_time_collide(slow: OrgClient) -> None:
    first = slow.install("04tAAAAAAAAAAAAAAA").json()["id"]
    second = slow.install("04tBBBBBBBBBBBBAAA").json()["id"]
    slow.world.clock.advance(31)
    assert slow.install_status(first)["Status"] == "SUCCESS"
    failed = slow.install_status(second)
    assert failed["Status"] == "ERROR"
    message = failed["Errors"]["errors"][0]["message"]
    assert message.startswith("unable to obtain exclusive access to this record")


def test_a_deploy_beside_an_install_fails(slow: OrgClient) -> None:
    slow.install("04tAAAAAAAAAAAAAAA")
    zip_bytes = package({"ApexClass": "A"}, apex("A", "public class A { }"))
    result = slow.deploy(zip_bytes)
    assert result["status"] == "Failed"
    assert result["errorStatusCode"] == "ALREADY_IN_PROCESS"
    assert "already been locked by another change" in result["errorMessage"]
    slow.world.clock.advance(31)
    assert slow.deploy(zip_bytes)["status"] == "Pending"


def test_an_install_beside_a_deploy_fails(slow: OrgClient) -> None:
    slow.start_deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    request_id = slow.install("04tAAAAAAAAAAAAAAA").json()["id"]
    slow.world.clock.advance(31)
    assert slow.install_status(request_id)["Status"] == "ERROR"
    again = slow.install("04tAAAAAAAAAAAAAAA").json()["id"]
    slow.world.clock.advance(31)
    assert slow.install_status(again)["Status"] == "SUCCESS"


def test_requests_are_neither_changed_nor_deleted(client: OrgClient) -> None:
    request_id = client.install("04tAAAAAAAAAAAAAAA").json()["id"]
    path = f"{API}/tooling/sobjects/PackageInstallRequest/{request_id}"
    assert client.call("PATCH", path, json={"Status": "ERROR"}).status_code >= 400
    assert client.call("DELETE", path).status_code >= 400
    assert client.install_status(request_id)["Status"] == "SUCCESS"


def test_the_choices_of_a_request(client: OrgClient) -> None:
    for values in (
        {"SecurityType": "none"},
        {"SecurityType": "Full"},
        {"UpgradeType": "mixed-mode"},
    ):
        assert client.install("04tAAAAAAAAAAAAAAA", **values).status_code == 201
    for values in ({"SecurityType": "some"}, {"NameConflictResolution": "Merge"}):
        reply = client.install("04tAAAAAAAAAAAAAAA", **values)
        assert reply.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_installed_packages_can_be_retrieved(packages: OrgClient) -> None:
    request_id = packages.install(BASE).json()["id"]
    assert packages.install_status(request_id)["Status"] == "SUCCESS"
    files = retrieved(packages, {"InstalledPackage": "*"})
    text = files["unpackaged/installedPackages/acme.installedPackage"]
    assert "<versionNumber>2.0</versionNumber>" in text
    assert listed(packages, "InstalledPackage").keys() == {"acme"}


def test_a_retrieve_of_a_package_that_is_not_there_fails(packages: OrgClient) -> None:
    body = (
        "<retrieve><retrieveRequest><apiVersion>66.0</apiVersion><packageNames>No</packageNames>"
        "</retrieveRequest></retrieve>"
    )
    retrieve_id = re.findall(r"<id>(09S\w+)</id>", soap(packages, body).text)[0]
    answer = status(packages, retrieve_id)
    assert "INVALID_CROSS_REFERENCE_KEY: No package named 'No' found" in answer
    assert "<status>Failed</status>" in answer
    assert "zipFile" not in answer

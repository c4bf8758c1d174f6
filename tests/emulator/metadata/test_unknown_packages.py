"""Packages with unknown contents: the names in their namespaces are accepted."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from provisioner.emulator import snapshots
from tests.emulator.metadata.builders import field_grant, object_part, package, permission_set
from tests.emulator.metadata.conftest import OrgClient, successes

UNKNOWN = "04tAAAAAAAAAAAA"
SHOWN = "<fieldSets><fullName>S</fullName><displayedFields><field>{}</field></displayedFields>"
SHOWN += "</fieldSets>"


@pytest.fixture
def client(client: OrgClient) -> OrgClient:
    """An org with such a package."""
    client.install_status(client.install(UNKNOWN).json()["id"])
    return client


def deployed(client: OrgClient, kind: str, name: str, path: str, text: str) -> dict[str, Any]:
    return client.deploy(package({kind: name}, {path: text}))


def created(client: OrgClient, **values: Any) -> requests.Response:
    return client.create("Account", Name="A", **values)


def test_records_have_the_fields_of_the_package(client: OrgClient) -> None:
    record_id = created(client, acme__Level__c="high").json()["id"]
    (row,) = client.query(f"SELECT acme__Level__c FROM Account WHERE Id = '{record_id}'")
    assert row["acme__Level__c"] == "high"


@pytest.mark.parametrize("name", ["Level__c", "acme_Level__c"])
def test_a_custom_field_without_a_namespace_is_unknown_as_ever(
    client: OrgClient, name: str
) -> None:
    assert created(client, **{name: "high"}).json()[0]["errorCode"] == "INVALID_FIELD"


def test_components_refer_to_the_fields_objects_and_classes_of_the_package(
    client: OrgClient,
) -> None:
    members = {"FieldSet": "Account.S", "PermissionSet": "Reader", "CustomApplication": "App"}
    grants = [field_grant("Account.acme__Level__c"), field_grant("acme__Thing__c.acme__Size__c")]
    grants.append("<classAccesses><apexClass>acme__Service</apexClass></classAccesses>")
    app = '<CustomApplication xmlns="http://soap.sforce.com/2006/04/metadata"><label>App</label>'
    files = {
        "objects/Account.object": object_part(SHOWN.format("acme__Level__c")),
        "permissionsets/Reader.permissionset": permission_set(*grants),
        "applications/App.app": f"{app}<tabs>acme__Thing__c</tabs></CustomApplication>",
    }
    assert sorted(successes(client.deploy(package(members, files)))) == [
        "Account.S", "App", "Reader",
    ]  # fmt: skip


def test_without_such_a_package_they_are_missing(slow: OrgClient) -> None:
    assert created(slow, acme__Level__c="high").json()[0]["errorCode"] == "INVALID_FIELD"


def test_the_names_of_the_orgs_own_namespace_are_not_accepted(client: OrgClient) -> None:
    client.org.namespace = "own"
    client.install_status(client.install("04tAAAAAAAAAAAB").json()["id"])
    assert created(client, own__Level__c="high").json()[0]["errorCode"] == "INVALID_FIELD"


def test_it_is_said_once_for_each_namespace(client: OrgClient) -> None:
    for _ in range(2):
        created(client, acme__Level__c="high")
    created(client, beta__Level__c="high")
    notes = client.world.notes
    assert [("acme__" in one, "beta__" in one) for one in notes] == [(True, False), (False, True)]


def test_an_org_from_a_snapshot_has_the_package_too(client: OrgClient) -> None:
    copy = client.org.world.add_scratch_org("copy@acme.example")
    snapshots.put(snapshots.take(client.org), copy)
    assert copy.store.types["Account"].find_field("acme__Level__c") is not None
    assert copy.store.types["Account"].find_field("Level__c") is None

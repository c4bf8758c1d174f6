"""OrgSnapshot: what a new org has of an old one, and when there is none."""

from __future__ import annotations

import json
from collections.abc import Callable

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.objects.schema import Field
from tests.emulator.core.conftest import Client
from tests.emulator.external_apps.builders import SET, app_zip


def _take(hub: Client, source: str, name: str = "Base") -> str:
    snapshot = hub.create("OrgSnapshot", SnapshotName=name, SourceOrg=source)
    for _ in range(3):
        hub.world.clock.advance(600)
        hub.read("OrgSnapshot", snapshot)
    return snapshot


def test_a_snapshot_takes_its_time(hub: Client, scratch: Client) -> None:
    snapshot = hub.create("OrgSnapshot", SnapshotName="Base", SourceOrg=scratch.token[:15])
    states = [hub.read("OrgSnapshot", snapshot)["Status"]]
    for _ in range(3):
        hub.world.clock.advance(600)
        states.append(hub.read("OrgSnapshot", snapshot)["Status"])
    assert states == ["New", "In Progress", "Active", "Active"]


def test_an_org_from_a_snapshot_has_schema_and_data(
    hub: Client, scratch: Client, new_client: Callable[[], Client]
) -> None:
    store = scratch.world.orgs[scratch.token[:15]].store
    store.add_field("Account", Field("Ext__c", is_external_id=True))
    account = scratch.create("Account", Name="Acme", Ext__c="A")
    scratch.create("Contact", LastName="Person", AccountId=account)
    _take(hub, scratch.token[:15])
    scratch.create("Account", Name="later")
    record = hub.sign_up(Edition=None, Snapshot="Base")
    copy = new_client()
    copy.login(record["SignupUsername"])
    soql = "SELECT LastName, Account.Name, Account.Ext__c, Owner.Username FROM Contact"
    [contact] = copy.query(soql)
    assert contact["Account"]["Ext__c"] == "A"
    assert contact["Owner"]["Username"] == record["SignupUsername"]
    names = [one["Name"] for one in copy.query("SELECT Name FROM Account ORDER BY Name")]
    assert names == ["Acme", "Sample Account for Entitlements"]
    assert len(copy.query("SELECT Id FROM User")) == 1
    licences = copy.query("SELECT DeveloperName FROM PermissionSetLicense")
    assert len(licences) == len({one["DeveloperName"] for one in licences})
    assert len(copy.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")) == 1
    assert len(copy.query("SELECT Id FROM Profile")) == len(scratch.query("SELECT Id FROM Profile"))
    copy.create("Account", Name="own")
    assert scratch.query("SELECT Id FROM Account WHERE Name = 'own'") == []


def test_apps_of_the_source_are_not_in_the_copy(
    hub: Client, scratch: Client, key_pair: KeyPair
) -> None:
    sent = {"deployOptions": {"singlePackage": True, "rollbackOnError": True}}
    files = {
        "json": ("", json.dumps(sent), "application/json"),
        "file": ("p.zip", app_zip(key_pair.certificate), "application/zip"),
    }
    reply = scratch.call("POST", "metadata/deployRequest", files=files)
    path = f"metadata/deployRequest/{reply.json()['id']}"
    while not scratch.call("GET", path).json()["deployResult"]["done"]:
        hub.world.clock.advance(60)
    assert len(scratch.query("SELECT Id FROM ExternalClientApplication")) == 1
    source = scratch.token[:15]
    _take(hub, source)
    username = hub.sign_up(Edition=None, Snapshot="Base")["SignupUsername"]
    copy, _ = hub.world.usernames[username]
    assert copy.store.peek_rows("ExternalClientApplication") == []
    assert copy.store.peek_rows("SetupEntityAccess") == []
    assert copy.store.find_by("PermissionSet", "Name", SET)
    assert len(hub.world.orgs[source].apps) == 3


def test_a_snapshot_that_is_not_ready_ends_the_sign_up(hub: Client, scratch: Client) -> None:
    hub.create("OrgSnapshot", SnapshotName="Base", SourceOrg=scratch.token[:15])
    assert hub.sign_up(Edition=None, Snapshot="Base")["ErrorCode"] == "SN-0001"


def test_only_an_active_scratch_org_can_be_taken(hub: Client) -> None:
    snapshot = hub.read("OrgSnapshot", _take(hub, hub.world.hub.id))
    assert snapshot["Status"] == "Error"
    assert snapshot["Error"]


def test_names_are_unique_and_alphanumeric(hub: Client, scratch: Client) -> None:
    _take(hub, scratch.token[:15])
    values = {"SnapshotName": "base", "SourceOrg": scratch.token[:15]}
    reply = hub.call("POST", "sobjects/OrgSnapshot", json=values)
    assert hub.refusal(reply)[1] == "DUPLICATE_VALUE"
    reply = hub.call("POST", "sobjects/OrgSnapshot", json={**values, "SnapshotName": "a b"})
    assert hub.refusal(reply)[1] == "INVALID_INPUT"

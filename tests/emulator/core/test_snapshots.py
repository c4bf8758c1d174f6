"""OrgSnapshot: what a new org has of an old one, and when there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

from provisioner.emulator.behavior import Behavior
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
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
    assert snapshot["Error"] == "The source org is not an active scratch org of this Dev Hub."


def test_an_org_from_a_snapshot_or_with_a_namespace_is_no_source(
    hub: Client, scratch: Client
) -> None:
    _take(hub, scratch.token[:15])
    copy = hub.sign_up(Edition=None, Snapshot="Base")["ScratchOrg"]
    found = hub.read("OrgSnapshot", _take(hub, copy, "Second"))
    assert (found["Status"], found["Error"]) == (
        "Error",
        "The source org was created from a snapshot.",
    )
    own = hub.world.add_scratch_org("own@acme.example", namespace="acme")
    found = hub.read("OrgSnapshot", _take(hub, own.id, "Third"))
    assert (found["Status"], found["Error"]) == ("Error", "The source org has a namespace.")


def test_a_source_that_ends_too_early_gives_no_snapshot(hub: Client, scratch: Client) -> None:
    source = scratch.token[:15]
    snapshot = hub.create("OrgSnapshot", SnapshotName="Base", SourceOrg=source)
    hub.world.orgs[source].is_deleted = True
    for _ in range(3):
        hub.world.clock.advance(600)
        state = hub.read("OrgSnapshot", snapshot)["Status"]
    assert state == "Error"


def test_the_copy_has_the_edition_and_the_features_of_its_source(hub: Client) -> None:
    username = hub.sign_up(Edition="Enterprise", Features="PersonAccounts")["SignupUsername"]
    source, _ = hub.world.usernames[username]
    _take(hub, source.id)
    username = hub.sign_up(Edition=None, Snapshot="Base")["SignupUsername"]
    copy, _ = hub.world.usernames[username]
    assert (copy.edition, copy.features) == ("Enterprise", ("PersonAccounts",))
    assert "IsPersonAccount" in copy.store.types["Account"].fields


def test_a_snapshot_expires_after_90_days(hub: Client, scratch: Client) -> None:
    snapshot = _take(hub, scratch.token[:15])
    hub.world.orgs[scratch.token[:15]].expires = hub.world.now() + timedelta(days=200)
    expires = date.fromisoformat(hub.read("OrgSnapshot", snapshot)["ExpirationDate"])
    assert expires - hub.world.now().date() == timedelta(days=90)
    hub.world.clock.advance(91 * 86400)
    hub.login()
    assert hub.sign_up(Edition=None, Snapshot="Base")["ErrorCode"] == "SN-0001"
    assert hub.read("OrgSnapshot", snapshot)["Status"] == "Expired"


def test_allowances_are_counted_and_refuse_one_more(hub: Client, scratch: Client) -> None:
    hub.world.limits.active_snapshots, hub.world.limits.daily_snapshots = 1, 2
    limits = hub.call("GET", "limits").json()
    assert limits["ActiveOrgSnapshots"] == {"Max": 1, "Remaining": 1}
    first = _take(hub, scratch.token[:15])
    values = {"SnapshotName": "Second", "SourceOrg": scratch.token[:15]}
    reply = hub.call("POST", "sobjects/OrgSnapshot", json=values)
    assert hub.refusal(reply)[1] == "LIMIT_EXCEEDED"
    assert "active org snapshot limit" in reply.text
    hub.call("DELETE", f"sobjects/OrgSnapshot/{first}")
    limits = hub.call("GET", "limits").json()
    assert limits["ActiveOrgSnapshots"]["Remaining"] == 1, "free at once"
    assert limits["DailyOrgSnapshots"]["Remaining"] == 1, "not free again"
    _take(hub, scratch.token[:15], "Second")
    reply = hub.call("POST", "sobjects/OrgSnapshot", json={**values, "SnapshotName": "Third"})
    assert "daily org snapshot limit" in reply.text


def test_there_are_as_many_as_active_scratch_orgs_by_default(hub: Client) -> None:
    limits = hub.call("GET", "limits").json()
    assert limits["ActiveOrgSnapshots"]["Max"] == limits["ActiveScratchOrgs"]["Max"]
    assert "ActiveScratchOrgSnapshots" not in limits


def test_a_snapshot_cannot_be_changed(hub: Client, scratch: Client) -> None:
    snapshot = _take(hub, scratch.token[:15])
    path = f"sobjects/OrgSnapshot/{snapshot}"
    reply = hub.call("PATCH", path, json={"Description": "new"})
    assert hub.refusal(reply)[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_where_snapshots_are_off_the_object_is_unknown(key_pair: KeyPair) -> None:
    """By the DX guide: INVALID_TYPE for a query, NOT_FOUND for an insert."""
    world = World(certificate=key_pair.certificate, behavior=Behavior(org_snapshots="off"))
    with EmulatorServer(world) as server:
        hub = Client(server, key_pair.private_key)
        hub.login()
        reply = hub.call("GET", "query", params={"q": "SELECT Id FROM OrgSnapshot"})
        assert hub.refusal(reply)[:2] == (400, "INVALID_TYPE")
        reply = hub.call("POST", "sobjects/OrgSnapshot", json={"SnapshotName": "Base"})
        assert hub.refusal(reply)[:2] == (404, "NOT_FOUND")
        assert "ActiveOrgSnapshots" not in hub.call("GET", "limits").json()


def test_names_are_unique_and_alphanumeric(hub: Client, scratch: Client) -> None:
    _take(hub, scratch.token[:15])
    values = {"SnapshotName": "base", "SourceOrg": scratch.token[:15]}
    reply = hub.call("POST", "sobjects/OrgSnapshot", json=values)
    assert hub.refusal(reply)[1] == "DUPLICATE_VALUE"
    reply = hub.call("POST", "sobjects/OrgSnapshot", json={**values, "SnapshotName": "a b"})
    assert hub.refusal(reply)[1] == "INVALID_INPUT"


def test_a_fault_makes_a_snapshot_fail(hub: Client, scratch: Client) -> None:
    hub.world.faults.add(
        {"when": {"operation": "snapshot", "subject": "Base"}, "then": {"do": "error"}}
    )
    found = hub.read("OrgSnapshot", _take(hub, scratch.token[:15]))
    assert (found["Status"], found["Error"]) == ("Error", "The snapshot could not be created.")

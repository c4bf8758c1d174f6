"""SourceMember rows after a deploy: what source tracking waits for (docs/reference/clients.md)."""

from __future__ import annotations

from tests.emulator.metadata.builders import XMLNS, custom_field, object_part, package
from tests.emulator.metadata.conftest import API, OrgClient


def test_source_members_after_a_deploy(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("Ext__c"))}
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    soql = "SELECT Id, MemberName, RevisionCounter, IsNewMember FROM SourceMember"
    [row] = client.query(f"{soql} WHERE MemberType = 'CustomField'", tooling=True)
    assert (row["MemberName"], row["IsNewMember"]) == ("Account.Ext__c", True)
    path = f"{API}/tooling/sobjects/SourceMember/{row['Id']}"
    assert client.call("PATCH", path, json={"RevisionCounter": 0}).status_code == 204
    assert client.query(f"{soql} WHERE RevisionCounter > 0", tooling=True) == []
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    assert len(client.query(f"{soql} WHERE RevisionCounter > 0", tooling=True)) == 1


def test_bundles_have_a_member_for_each_file(client: OrgClient) -> None:
    files = {
        "lwc/hello/hello.js": "",
        "lwc/hello/hello.js-meta.xml": f"<LightningComponentBundle {XMLNS}/>",
    }
    client.deploy(package({"LightningComponentBundle": "hello"}, files))
    rows = client.query("SELECT MemberType, MemberName FROM SourceMember", tooling=True)
    assert {(row["MemberType"], row["MemberName"]) for row in rows} == {
        ("LightningComponentBundle", "hello"),
        ("LightningComponentResource", "hello/hello.js"),
        ("LightningComponentResource", "hello/hello.js-meta.xml"),
    }


def test_a_deploy_that_fails_leaves_none(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("Ext__c", more=""))}
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    assert client.query("SELECT Id FROM SourceMember", tooling=True) == []


def test_a_change_names_the_user_by_id(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("Ext__c"))}
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    [row] = client.query("SELECT ChangedBy FROM SourceMember", tooling=True)
    assert row["ChangedBy"] == client.org.admin_id[:15]

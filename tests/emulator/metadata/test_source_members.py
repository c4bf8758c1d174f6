"""SourceMember rows: what source tracking waits for (docs/reference/clients.md#source-tracking)."""

from __future__ import annotations

from typing import Any

from tests.emulator.metadata.builders import (
    XMLNS,
    apex,
    custom_field,
    object_part,
    package,
    package_xml,
    zipped,
)
from tests.emulator.metadata.conftest import API, OrgClient
from tests.emulator.metadata.test_retrieve import retrieved

FIELD = {"objects/Account.object": object_part(custom_field("Ext__c"))}
BUNDLE = {
    "lwc/hello/hello.js": "",
    "lwc/hello/hello.js-meta.xml": f"<LightningComponentBundle {XMLNS}/>",
}


def members(client: OrgClient, where: str = "") -> dict[str, dict[str, Any]]:
    """The rows by `Type:Name`."""
    soql = (
        "SELECT Id, MemberType, MemberName, MemberIdOrName, IsNameObsolete, IsNewMember, "
        f"RevisionCounter, ChangedBy FROM SourceMember {where}"
    )
    rows = client.query(soql, tooling=True)
    return {f"{row['MemberType']}:{row['MemberName']}": row for row in rows}


def reset(client: OrgClient) -> None:
    """Set all counters to 0, as the Salesforce CLI does after a sign-up."""
    for row in members(client).values():
        path = f"{API}/tooling/sobjects/SourceMember/{row['Id']}"
        assert client.call("PATCH", path, json={"RevisionCounter": 0}).status_code == 204


def test_source_members_after_a_deploy(client: OrgClient) -> None:
    client.deploy(package({"CustomField": "Account.Ext__c"}, FIELD))
    row = members(client)["CustomField:Account.Ext__c"]
    assert row["IsNewMember"] is True
    assert row["IsNameObsolete"] is False
    assert row["ChangedBy"] == client.org.admin_id[:15]
    assert row["MemberIdOrName"].startswith("00N")


def test_what_a_deploy_leaves_as_it_was_gets_no_new_revision(client: OrgClient) -> None:
    client.deploy(package({"CustomField": "Account.Ext__c"}, FIELD))
    reset(client)
    client.deploy(package({"CustomField": "Account.Ext__c"}, FIELD))
    assert members(client, "WHERE RevisionCounter > 0") == {}
    more = {"objects/Account.object": object_part(custom_field("Ext__c"), custom_field("B__c"))}
    client.deploy(package({"CustomField": "Account.Ext__c Account.B__c"}, more))
    changed = members(client, "WHERE RevisionCounter > 0")
    assert changed.keys() == {"CustomField:Account.B__c", "Profile:Admin"}


def test_revisions_grow_also_after_a_reset(client: OrgClient) -> None:
    client.deploy(
        package({"ApexClass": "A B"}, apex("A", "class A { }") | apex("B", "class B { }"))
    )
    before = max(row["RevisionCounter"] for row in members(client).values())
    reset(client)
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { Integer i; }")))
    assert members(client)["ApexClass:A"]["RevisionCounter"] > before


def test_the_profile_of_administrators_changes_with_what_it_gives_access_to(
    client: OrgClient,
) -> None:
    client.deploy(package({"LightningComponentBundle": "hello"}, BUNDLE))
    assert "Profile:Admin" not in members(client)
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }")))
    row = members(client)["Profile:Admin"]
    assert (row["IsNewMember"], row["IsNameObsolete"]) == (False, False)
    assert row["MemberIdOrName"].startswith("00e")


def test_bundles_have_a_member_for_each_file(client: OrgClient) -> None:
    client.deploy(package({"LightningComponentBundle": "hello"}, BUNDLE))
    assert members(client).keys() == {
        "LightningComponentBundle:hello",
        "LightningComponentResource:hello/hello.js",
        "LightningComponentResource:hello/hello.js-meta.xml",
    }
    deleted = {"destructiveChanges.xml": package_xml({"LightningComponentBundle": "hello"})}
    client.deploy(package({}, deleted))
    assert all(row["IsNameObsolete"] for row in members(client).values())


def test_a_deploy_that_fails_leaves_none(client: OrgClient) -> None:
    files = {"objects/Account.object": object_part(custom_field("Ext__c", more=""))}
    client.deploy(package({"CustomField": "Account.Ext__c"}, files))
    assert members(client) == {}


def test_a_deploy_that_only_checks_leaves_none(client: OrgClient) -> None:
    client.deploy(package({"CustomField": "Account.Ext__c"}, FIELD), checkOnly=True)
    assert members(client) == {}


def test_what_is_deleted_is_obsolete(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }")))
    client.deploy(package({}, {"destructiveChanges.xml": package_xml({"ApexClass": "A"})}))
    assert members(client)["ApexClass:A"]["IsNameObsolete"] is True


def test_what_is_deleted_and_created_again_is_there(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }")))
    pre = {"destructiveChangesPre.xml": package_xml({"ApexClass": "A"})}
    client.deploy(package({"ApexClass": "A"}, apex("A", "class A { }") | pre))
    assert members(client)["ApexClass:A"]["IsNameObsolete"] is False


def test_a_dev_hub_does_not_track_its_source(client: OrgClient) -> None:
    hub = client.world.hub
    token = client.world.sessions.open(hub, hub.admin_id, "tests").token
    client.http.headers["Authorization"] = f"Bearer {token}"
    assert client.call("GET", f"{API}/tooling/sobjects/SourceMember/describe").status_code == 404
    soql = {"q": "SELECT Id FROM SourceMember"}
    reply = client.call("GET", f"{API}/tooling/query", params=soql)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_TYPE")


def test_settings_are_tracked_under_the_name_of_their_type(client: OrgClient) -> None:
    """Source: a comment in forcedotcom/source-tracking, expectedSourceMembers.ts."""
    files = {
        "settings/Mobile.settings": (
            f"<MobileSettings {XMLNS}><enableS1EncryptedStoragePref2>false"
            "</enableS1EncryptedStoragePref2></MobileSettings>"
        )
    }
    result = client.deploy(package({"Settings": "Mobile"}, files))
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    assert members(client).keys() == {"MobileSettings:Mobile"}


def test_labels_are_tracked_each_by_itself(client: OrgClient) -> None:
    label = "<labels><fullName>Hi</fullName><language>en_US</language><value>Hi</value></labels>"
    files = {"labels/CustomLabels.labels": f"<CustomLabels {XMLNS}>{label}</CustomLabels>"}
    client.deploy(package({"CustomLabels": "CustomLabels"}, files))
    assert members(client).keys() == {"CustomLabel:Hi"}


def test_labels_are_deleted_with_their_file(client: OrgClient) -> None:
    label = "<labels><fullName>Hi</fullName><language>en_US</language><value>Hi</value></labels>"
    files = {"labels/CustomLabels.labels": f"<CustomLabels {XMLNS}>{label}</CustomLabels>"}
    client.deploy(package({"CustomLabels": "CustomLabels"}, files))
    (row,) = client.query("SELECT Id, Name, Value, Language FROM CustomLabel", tooling=True)
    assert (row["Name"], row["Value"], row["Language"]) == ("Hi", "Hi", "en_US")
    deleted = {"destructiveChanges.xml": package_xml({"CustomLabels": "CustomLabels"})}
    assert client.deploy(package({}, deleted))["status"] == "Succeeded"
    assert members(client)["CustomLabel:Hi"]["IsNameObsolete"] is True
    assert client.query("SELECT Id FROM CustomLabel", tooling=True) == []


def test_a_label_is_deleted_as_a_record_of_the_tooling_api(client: OrgClient) -> None:
    """Source: the tests "CustomLabel source tracking" of plugin-deploy-retrieve."""
    label = "<labels><fullName>{0}</fullName><language>en_US</language><value>x</value></labels>"
    labels = label.format("Keep") + label.format("Drop")
    files = {"labels/CustomLabels.labels": f"<CustomLabels {XMLNS}>{labels}</CustomLabels>"}
    client.deploy(package({"CustomLabels": "CustomLabels"}, files))
    (row,) = client.query("SELECT Id FROM CustomLabel WHERE name = 'Drop'", tooling=True)
    reply = client.call("DELETE", f"{API}/tooling/sobjects/CustomLabel/{row['Id']}")
    assert reply.status_code == 204
    obsolete = {name: one["IsNameObsolete"] for name, one in members(client).items()}
    assert obsolete == {"CustomLabel:Drop": True, "CustomLabel:Keep": False}
    file = retrieved(client, {"CustomLabels": "CustomLabels"})[
        "unpackaged/labels/CustomLabels.labels"
    ]
    assert "Keep" in file
    assert "Drop" not in file


def test_the_description_of_an_aura_component_is_not_tracked(client: OrgClient) -> None:
    files = {
        "aura/hello/hello.cmp": "<aura:component/>",
        "aura/hello/hello.cmp-meta.xml": f"<AuraDefinitionBundle {XMLNS}/>",
    }
    client.deploy(package({"AuraDefinitionBundle": "hello"}, files))
    assert members(client).keys() == {
        "AuraDefinition:hello/hello.cmp",
        "AuraDefinitionBundle:hello",
    }


def test_names_of_layouts_are_tracked_without_escapes(client: OrgClient) -> None:
    name = "Account-My %28big%29 Layout"
    files = {f"layouts/{name}.layout": f"<Layout {XMLNS}/>"}
    types = f"<types><members>{name}</members><name>Layout</name></types>"
    manifest = f"<Package {XMLNS}>{types}<version>66.0</version></Package>"
    result = client.deploy(zipped({"package.xml": manifest, **files}))
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    assert "Layout:Account-My (big) Layout" in members(client)


def test_some_profiles_are_never_tracked(client: OrgClient) -> None:
    files = {"profiles/Standard.profile": f"<Profile {XMLNS}><custom>false</custom></Profile>"}
    result = client.deploy(package({"Profile": "Standard"}, files))
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    assert "Profile:Standard" not in members(client)


def test_some_types_are_not_tracked(client: OrgClient) -> None:
    files = {"sharingRules/Account.sharingRules": f"<SharingRules {XMLNS}/>"}
    result = client.deploy(package({"SharingRules": "Account"}, files))
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    assert members(client) == {}

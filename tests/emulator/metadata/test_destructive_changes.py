"""destructiveChanges*.xml: what is deleted, in what order, and what is only warned of."""

from __future__ import annotations

from tests.emulator.metadata.builders import (
    apex,
    custom_field,
    custom_object,
    object_part,
    package,
    package_xml,
)
from tests.emulator.metadata.conftest import OrgClient


def test_destructive_changes(client: OrgClient) -> None:
    files = {
        "objects/Thing__c.object": custom_object(custom_field("A__c"), custom_field("B__c")),
        "objects/Account.object": object_part(custom_field("Ext__c")),
        **apex("A", "public class A { }"),
    }
    members = {"CustomObject": "Thing__c", "CustomField": "Account.Ext__c", "ApexClass": "A"}
    assert client.deploy(package(members, files))["status"] == "Succeeded"
    pre = package_xml({"CustomField": "Account.Ext__c Thing__c.A__c"})
    post = package_xml({"ApexClass": "A", "CustomObject": "Nobody__c"})
    changes = {"destructiveChangesPre.xml": pre, "destructiveChangesPost.xml": post}
    result = client.deploy(package({}, changes))
    assert result["status"] == "Succeeded"
    messages = result["details"]["componentSuccesses"]
    deleted = [one["fullName"] for one in messages if one["deleted"]]
    assert deleted == ["Account.Ext__c", "Thing__c.A__c", "A"]
    [warning] = [one for one in messages if one["problemType"] == "Warning"]
    assert warning["problem"] == "No CustomObject named: Nobody__c found"
    assert client.query("SELECT Id FROM ApexClass") == []
    assert client.create("Account", Name="a", Ext__c="x").status_code == 400
    assert client.create("Thing__c", Name="a", B__c="x").status_code == 201
    client.deploy(
        package({}, {"destructiveChanges.xml": package_xml({"CustomObject": "Thing__c"})})
    )
    assert client.create("Thing__c", Name="a").status_code == 404


def test_a_destructive_deploy_that_fails_deletes_nothing(client: OrgClient) -> None:
    client.deploy(package({"ApexClass": "A"}, apex("A", "public class A { }")))
    files = {
        "destructiveChangesPre.xml": package_xml({"ApexClass": "A"}),
        **apex("B", "public class B {"),
    }
    assert client.deploy(package({"ApexClass": "B"}, files))["status"] == "Failed"
    assert len(client.query("SELECT Id FROM ApexClass WHERE Name = 'A'")) == 1

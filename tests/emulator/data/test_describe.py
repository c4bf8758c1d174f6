"""describe: what objects an org has and what their fields are."""

from __future__ import annotations

import pytest

from provisioner.emulator.objects.schema import Field, ObjectType
from tests.emulator.data.conftest import Client


def test_the_list_of_objects(client: Client) -> None:
    answer = client.get("sobjects")
    assert (answer["encoding"], answer["maxBatchSize"]) == ("UTF-8", 200)
    names = [one["name"] for one in answer["sobjects"]]
    assert names == sorted(names)
    assert "Account" in names
    assert "PackageInstallRequest" not in names
    account = next(one for one in answer["sobjects"] if one["name"] == "Account")
    assert account["keyPrefix"] == "001"
    assert account["urls"]["describe"] == "/services/data/v68.0/sobjects/Account/describe"
    tooling = [one["name"] for one in client.get("tooling/sobjects")["sobjects"]]
    assert "PackageInstallRequest" in tooling
    assert "Account" not in tooling


def test_an_object_in_short(client: Client) -> None:
    answer = client.get("sobjects/account/")
    assert answer["objectDescribe"]["name"] == "Account"
    assert answer["recentItems"] == []


def test_the_fields_of_an_object(client: Client) -> None:
    fields = {one["name"]: one for one in client.get("sobjects/Account/describe")["fields"]}
    name, ext, owner, number = (
        fields[one] for one in ("Name", "Ext__c", "OwnerId", "NumberOfEmployees")
    )
    assert {key: name[key] for key in ("type", "soapType", "nillable", "nameField", "length")} == {
        "type": "string", "soapType": "xsd:string", "nillable": False, "nameField": True,
        "length": 255,
    }  # fmt: skip
    assert (ext["externalId"], ext["unique"], ext["idLookup"], ext["custom"]) == (True,) * 4
    assert owner["referenceTo"] == ["User"]
    assert (owner["relationshipName"], owner["defaultedOnCreate"]) == ("Owner", True)
    assert owner["polymorphicForeignKey"] is False
    assert (number["type"], number["soapType"], number["length"]) == ("int", "xsd:int", 0)
    assert fields["Description"]["filterable"] is fields["Description"]["sortable"] is False
    assert fields["CreatedDate"]["createable"] is fields["CreatedDate"]["updateable"] is False
    industry = fields["Industry"]["picklistValues"]
    assert industry[0] == {
        "active": True, "defaultValue": False, "label": "Agriculture", "validFor": None,
        "value": "Agriculture",
    }  # fmt: skip


def test_a_lookup_to_any_object_lists_the_objects_of_the_org(client: Client) -> None:
    """Standard objects that the references name, and custom objects, but no others."""
    fields = {one["name"]: one for one in client.get("sobjects/Task/describe")["fields"]}
    what, who = fields["WhatId"], fields["WhoId"]
    assert {"Account", "Campaign", "Case"} <= set(what["referenceTo"])
    assert not {"Task", "User", "CareBarrier"} & set(what["referenceTo"])
    assert (what["polymorphicForeignKey"], who["referenceTo"]) == (True, ["Contact", "Lead"])
    children = client.get("sobjects/Account/describe")["childRelationships"]
    assert ("Task", "WhatId") in {(one["childSObject"], one["field"]) for one in children}


def test_child_relationships(client: Client) -> None:
    children = client.get("sobjects/Account/describe")["childRelationships"]
    found = {(one["relationshipName"], one["childSObject"], one["field"]) for one in children}
    assert ("Contacts", "Contact", "AccountId") in found


def test_what_a_deploy_adds_is_described(client: Client) -> None:
    fields = {"Id": Field("Id", "id", is_createable=False), "Name": Field("Name")}
    client.org.store.add_type(ObjectType("New__c", "a99", "New", fields=fields, is_custom=True))
    answer = client.get("sobjects/New__c/describe")
    assert (answer["custom"], answer["keyPrefix"], answer["label"]) == (True, "a99", "New")
    assert [one["name"] for one in answer["fields"]] == ["Id", "Name"]


@pytest.mark.parametrize(
    "path",
    [
        "sobjects/Nope",
        "sobjects/Nope/describe",
        "sobjects/PackageInstallRequest/describe",
        "tooling/sobjects/Account/describe",
    ],
)
def test_an_object_that_is_not_there(client: Client, path: str) -> None:
    response = client.call("GET", path)
    assert response.status_code == 404
    assert response.json() == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]

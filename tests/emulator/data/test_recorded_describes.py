"""Describes that others recorded from real orgs: labels, abilities, deletions.

The recordings are in NangoHQ/integration-templates (describe-*.test.json) and in CumulusCI
(shared_cassettes); scripts/update-described-objects takes the facts from them.
"""

from __future__ import annotations

import pytest

from provisioner.emulator.objects import catalogue
from provisioner.emulator.objects.custom_types import plain_type
from provisioner.emulator.objects.described import described
from tests.emulator.data.conftest import Client

ABILITIES = ("activateable", "deepCloneable", "feedEnabled", "layoutable", "mergeable",
             "mruEnabled", "replicateable", "retrieveable", "triggerable",
             "undeletable")  # fmt: skip


def test_labels_are_those_of_the_platform(client: Client) -> None:
    account = client.get("sobjects/Account/describe")
    labels = {one["name"]: one["label"] for one in account["fields"]}
    assert (labels["Id"], labels["Name"], labels["NumberOfEmployees"], labels["ParentId"]) == (
        "Account ID", "Account Name", "Employees", "Parent Account ID",
    )  # fmt: skip
    brief = {one["name"]: one for one in client.get("sobjects")["sobjects"]}
    assert (brief["ApexClass"]["label"], brief["ApexClass"]["labelPlural"]) == (
        "Apex Class",
        "Apex Classes",
    )


def test_refusals_name_fields_by_their_labels(client: Client) -> None:
    values = {"Name": "x", "ParentId": "003000000000000AAA"}
    reply = client.call("POST", "sobjects/Account", json=values)
    text = "Parent Account ID: id value of incorrect type: 003000000000000AAA"
    assert reply.json()[0]["message"] == text
    record = {"attributes": {"type": "Case"}, "Id": "001000000000000AAA"}
    body = {"records": [record]}
    (refused,) = client.call("PATCH", "composite/sobjects", json=body).json()
    text = "Case ID: id value of incorrect type: 001000000000000AAA"
    assert refused["errors"][0]["message"] == text


@pytest.mark.parametrize(
    ("name", "abilities", "urls"),
    [
        ("Account", {"feedEnabled", "layoutable", "mergeable", "mruEnabled", "replicateable",
                     "retrieveable", "triggerable", "undeletable"},
         {"approvalLayouts", "compactLayouts", "layouts", "listviews", "quickActions"}),
        ("ApexClass", {"layoutable", "mruEnabled", "replicateable", "retrieveable"},
         {"compactLayouts", "layouts"}),
        ("AsyncApexJob", {"retrieveable"}, set()),
    ],
)  # fmt: skip
def test_abilities_are_those_of_the_platform(
    client: Client, name: str, abilities: set[str], urls: set[str]
) -> None:
    found = {one["name"]: one for one in client.get("sobjects")["sobjects"]}[name]
    assert {one for one in ABILITIES if found[one]} == abilities
    assert set(found["urls"]) == {"rowTemplate", "describe", "sobject"} | urls


def test_children_say_what_a_deletion_does(client: Client) -> None:
    found = {
        (one["childSObject"], one["field"]): (one["cascadeDelete"], one["restrictedDelete"])
        for one in client.get("sobjects/Account/describe")["childRelationships"]
    }
    assert found[("Contact", "AccountId")] == (True, False)
    assert found[("Case", "AccountId")] == (False, True)
    assert found[("Contract", "AccountId")] == (True, True)
    assert found[("Account", "ParentId")] == (False, False)


def test_custom_objects_have_record_ids(client: Client) -> None:
    client.org.store.add_type(plain_type(client.org.store.types, "Deal__c", "Deal"))
    found = client.get("sobjects/Deal__c/describe")["fields"]
    assert [one["label"] for one in found if one["name"] == "Id"] == ["Record ID"]


@pytest.mark.parametrize("name", ["Deal__c", "account", "Nope", "", "Name=Account Name"])
def test_nothing_is_known_of_other_objects(name: str) -> None:
    assert described(name) is None


def test_only_known_objects_and_fields_are_in_the_table() -> None:
    for name in ("Account", "Case", "Contact", "Lead", "Opportunity"):
        known = described(name)
        assert known is not None
        assert known.labels["Id"] == f"{name} ID"
        assert all(catalogue.is_known(child.partition(".")[0]) for child in known.children)
        assert {kind for kinds in known.children.values() for kind in kinds} <= {
            "cascade",
            "restricted",
        }

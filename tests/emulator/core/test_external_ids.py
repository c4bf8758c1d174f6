"""`/sobjects/<Type>/<Field>/<value>`: upsert, read and delete by external id."""

from __future__ import annotations

import pytest

from provisioner.emulator.objects.schema import Field
from tests.emulator.core.conftest import Client

NOT_FOUND = (404, "NOT_FOUND", "The requested resource does not exist")


@pytest.fixture
def shop(scratch: Client) -> Client:
    """A scratch org whose accounts have a unique key, a key that is not, and a number."""
    store = scratch.world.orgs[scratch.token[:15]].store
    store.add_field("Account", Field("Ext__c", is_external_id=True, is_unique=True))
    store.add_field("Account", Field("Soft__c", is_external_id=True))
    store.add_field("Account", Field("Number__c", "double", is_external_id=True))
    return scratch


def test_an_upsert_creates_and_then_updates(shop: Client) -> None:
    created = shop.call("PATCH", "sobjects/Account/Ext__c/A1", json={"Name": "Acme"})
    account = created.json()["id"]
    assert created.status_code == 201
    assert created.json() == {"id": account, "success": True, "errors": [], "created": True}
    updated = shop.call("PATCH", "sobjects/Account/ext__c/a1", json={"Name": "Acme 2"})
    assert updated.status_code == 200
    assert updated.json() == {"id": account, "success": True, "errors": [], "created": False}
    assert shop.read("Account", account)["Ext__c"] == "A1"
    old = shop.call("PATCH", "/services/data/v45.0/sobjects/Account/Ext__c/A1", json={"Name": "x"})
    assert (old.status_code, old.content) == (204, b"")


def test_values_may_hold_anything(shop: Client) -> None:
    for value, path in (("a/b", "a%2Fb"), ("ü 1", "%C3%BC%201"), ("x//y", "x%2F%2Fy")):
        reply = shop.call("PATCH", f"sobjects/Account/Ext__c/{path}", json={"Name": "n"})
        assert reply.status_code == 201, reply.text
        assert shop.read("Account", reply.json()["id"])["Ext__c"] == value
        assert shop.call("GET", f"sobjects/Account/Ext__c/{path}").json()["Ext__c"] == value


def test_a_number_is_a_key_too(shop: Client) -> None:
    assert shop.call("PATCH", "sobjects/Account/Number__c/7", json={"Name": "n"}).status_code == 201
    assert shop.call("GET", "sobjects/Account/Number__c/7.0").status_code == 200
    assert shop.refusal(shop.call("GET", "sobjects/Account/Number__c/x")) == NOT_FOUND


def test_several_matches_are_a_choice(shop: Client) -> None:
    paths = [
        f"/services/data/v68.0/sobjects/Account/{shop.create('Account', Name='n', Soft__c='S')}"
        for _ in range(2)
    ]
    for method in ("GET", "PATCH", "DELETE"):
        reply = shop.call(method, "sobjects/Account/Soft__c/S", json={"Name": "x"})
        assert (reply.status_code, reply.json()) == (300, paths)


def test_a_unique_key_is_unique(shop: Client) -> None:
    first = shop.create("Account", Name="n", Ext__c="Key")
    reply = shop.call("POST", "sobjects/Account", json={"Name": "n", "Ext__c": "KEY"})
    text = f"duplicate value found: Ext__c duplicates value on record with id: {first[:15]}"
    assert shop.refusal(reply) == (400, "DUPLICATE_VALUE", text)
    second = shop.create("Account", Name="n", Ext__c="Other")
    reply = shop.call("PATCH", f"sobjects/Account/{second}", json={"Ext__c": "key"})
    assert shop.refusal(reply)[1] == "DUPLICATE_VALUE"
    shop.call("DELETE", f"sobjects/Account/{first}")
    assert shop.call("PATCH", f"sobjects/Account/{second}", json={"Ext__c": "key"}).ok


def test_a_field_that_is_no_key_is_none(shop: Client) -> None:
    for name in ("Industry", "Nothing__c"):
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        reply = shop.call("PATCH", f"sobjects/Account/{name}/x", json={"Name": "n"})
        assert shop.refusal(reply) == (404, "NOT_FOUND", text)


def test_what_is_not_there_is_neither_read_nor_deleted(shop: Client) -> None:
    for method in ("GET", "DELETE"):
        assert shop.refusal(shop.call(method, "sobjects/Account/Ext__c/none")) == NOT_FOUND
    path = "sobjects/Account/Ext__c/none?updateOnly=true"
    assert shop.refusal(shop.call("PATCH", path, json={"Name": "n"})) == NOT_FOUND


def test_a_parent_is_found_by_external_id(shop: Client) -> None:
    account = shop.create("Account", Name="n", Ext__c="P")
    contact = shop.create("Contact", LastName="c", Account={"Ext__c": "p"})
    assert shop.read("Contact", contact)["AccountId"] == account
    values = {"LastName": "c", "Account": {"Ext__c": "none"}}
    reply = shop.call("POST", "sobjects/Contact", json=values)
    text = "Foreign key external ID: none not found for field Ext__c in entity Account"
    assert shop.refusal(reply) == (400, "INVALID_FIELD", text)

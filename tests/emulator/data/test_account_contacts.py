"""AccountContactRelation and AccountContactRole."""

from __future__ import annotations

import pytest

from provisioner.emulator.features import schema
from tests.emulator.data.conftest import Client
from tests.emulator.data.test_feeds import create


@pytest.fixture
def related(client: Client) -> Client:
    """A client of an org in which contacts have several accounts."""
    assert schema.enable(client.org, "ContactsToMultipleAccounts")
    return client


def relations(client: Client) -> list[tuple[str, bool]]:
    rows = client.query(
        "SELECT Account.Name, IsDirect FROM AccountContactRelation ORDER BY Account.Name"
    )
    return [(one["Account"]["Name"], one["IsDirect"]) for one in rows]


def test_only_some_orgs_have_relations(client: Client) -> None:
    query = "SELECT Id FROM AccountContactRelation"
    assert client.call("GET", "query", params={"q": query}).status_code == 501
    assert create(client, "Contact", LastName="C", AccountId=create(client, "Account", Name="A"))


def test_the_own_account_of_a_contact_is_a_direct_relation(related: Client) -> None:
    first, second = (create(related, "Account", Name=name) for name in ("A", "B"))
    contact = create(related, "Contact", LastName="C", AccountId=first)
    create(related, "Contact", LastName="private")
    assert relations(related) == [("A", True)]
    path = f"sobjects/Contact/{contact}"
    assert related.call("PATCH", path, json={"AccountId": second}).status_code == 204
    assert relations(related) == [("A", False), ("B", True)]
    assert related.call("PATCH", path, json={"AccountId": first}).status_code == 204
    assert relations(related) == [("A", True), ("B", False)]
    assert related.call("PATCH", path, json={"AccountId": None}).status_code == 204
    assert relations(related) == [("A", False), ("B", False)]
    assert related.call("DELETE", path).status_code == 204
    assert relations(related) == []


def test_further_accounts_are_related_once(related: Client) -> None:
    first, second = (create(related, "Account", Name=name) for name in ("A", "B"))
    contact = create(related, "Contact", LastName="C", AccountId=first)
    values = {"AccountId": second, "ContactId": contact, "Roles": "Evaluator;Other"}
    create(related, "AccountContactRelation", **values)
    for account in (first, second):
        again = {"AccountId": account, "ContactId": contact}
        [error] = related.call("POST", "sobjects/AccountContactRelation", json=again).json()
        assert error == {
            "message": "This contact already has a relationship with this account.",
            "errorCode": "DUPLICATE_VALUE",
            "fields": ["ContactId"],
        }
    [row] = related.query(
        "SELECT (SELECT Account.Name, IsActive FROM AccountContactRelations "
        "WHERE IsDirect = false) FROM Contact"
    )
    assert row["AccountContactRelations"]["records"][0]["IsActive"] is True
    [row] = related.query("SELECT (SELECT Id FROM AccountContactRelations) FROM Account LIMIT 1")
    assert row["AccountContactRelations"]["totalSize"] == 1


def test_what_a_relation_requires_and_cannot_change(related: Client) -> None:
    account = create(related, "Account", Name="A")
    contact = create(related, "Contact", LastName="C", AccountId=account)
    for values, missing in (
        ({"AccountId": account}, "ContactId"),
        ({"ContactId": contact}, "AccountId"),
    ):
        reply = related.call("POST", "sobjects/AccountContactRelation", json=values)
        assert reply.json()[0]["fields"] == [missing]
    [row] = related.query("SELECT Id FROM AccountContactRelation")
    path = f"sobjects/AccountContactRelation/{row['Id']}"
    for field, value in (("AccountId", account), ("ContactId", contact), ("IsDirect", False)):
        reply = related.call("PATCH", path, json={field: value})
        assert reply.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert related.call("PATCH", path, json={"IsActive": False}).status_code == 204


def test_roles_are_unique_and_one_contact_is_primary(client: Client) -> None:
    account = create(client, "Account", Name="A")
    first, second = (
        create(client, "Contact", LastName=name, AccountId=account) for name in ("C", "D")
    )
    values = {"AccountId": account, "ContactId": first, "Role": "Decision Maker"}
    create(client, "AccountContactRole", **values, IsPrimary=True)
    again = client.call("POST", "sobjects/AccountContactRole", json=values)
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    create(client, "AccountContactRole", **{**values, "Role": "Evaluator"})
    create(client, "AccountContactRole", **{**values, "ContactId": second}, IsPrimary=True)
    rows = client.query("SELECT ContactId FROM AccountContactRole WHERE IsPrimary = true")
    assert [one["ContactId"] for one in rows] == [second]
    [row] = client.query("SELECT (SELECT Role FROM AccountContactRoles) FROM Account")
    assert row["AccountContactRoles"]["totalSize"] == 3
    missing = client.call("POST", "sobjects/AccountContactRole", json={"AccountId": account})
    assert missing.json()[0]["fields"] == ["ContactId"]

"""Standard fields of which the emulator does not know which orgs have them: 501 with their name."""

from __future__ import annotations

import pytest

from tests.emulator.core.conftest import Client

REFUSAL = (501, "NOT_EMULATED", "not emulated: field Contact.TitleType")


def test_such_a_field_is_named(scratch: Client) -> None:
    """INVALID_FIELD would say that no org has it."""
    key = scratch.create("Contact", LastName="A")
    ways = [
        scratch.call("GET", "query", params={"q": "SELECT titletype FROM Contact"}),
        scratch.call("GET", "query", params={"q": "SELECT Contact.TitleType FROM Case"}),
        scratch.call("POST", "sobjects/Contact", json={"LastName": "A", "TitleType": "x"}),
        scratch.call("PATCH", f"sobjects/Contact/{key}", json={"TitleType": "x"}),
        scratch.call("GET", f"sobjects/Contact/{key}", params={"fields": "TitleType"}),
    ]
    assert [scratch.refusal(reply) for reply in ways] == [REFUSAL] * len(ways)


@pytest.mark.parametrize(
    "name",
    [
        "Nonsense",  # no org has it
        "CurrencyIsoCode",  # only orgs with MultiCurrency have it
    ],
)
def test_a_field_that_the_org_lacks_is_invalid(scratch: Client, name: str) -> None:
    asked = scratch.call("GET", "query", params={"q": f"SELECT {name} FROM Contact"})
    assert scratch.refusal(asked)[:2] == (400, "INVALID_FIELD")
    sent = scratch.call("POST", "sobjects/Contact", json={"LastName": "A", name: "x"})
    assert scratch.refusal(sent)[:2] == (400, "INVALID_FIELD")


def test_an_assumed_field_is_there(hub: Client, client: Client) -> None:
    hub.call("POST", "/_emulator/assumptions", json={"assume": ["field:Contact.TitleType"]})
    client.login(hub.sign_up()["SignupUsername"])
    key = client.create("Contact", LastName="A", TitleType="x")
    assert client.read("Contact", key)["TitleType"] == "x"


@pytest.mark.parametrize(
    ("soql", "what"),
    [
        ("SELECT EntitlementId FROM Case", "field Case.EntitlementId"),
        ("SELECT Entitlement.Name FROM Case", "field Case.EntitlementId"),
        ("SELECT Parent.Entitlement.Name FROM CaseComment", "field Case.EntitlementId"),
        (
            "SELECT (SELECT Id FROM AccountTeamMembers) FROM Account",
            "child relationship Account.AccountTeamMembers to AccountTeamMember",
        ),
    ],
)
def test_what_only_some_orgs_have_is_named(scratch: Client, soql: str, what: str) -> None:
    """Fields that a source names and the reference leaves out, parents, and children."""
    reply = scratch.call("GET", "query", params={"q": soql})
    assert scratch.refusal(reply) == (501, "NOT_EMULATED", f"not emulated: {what}")


def test_a_parent_by_a_key_of_its_own_is_named(scratch: Client) -> None:
    body = {"Subject": "a", "Entitlement": {"Name": "e"}}
    reply = scratch.call("POST", "sobjects/Case", json=body)
    assert scratch.refusal(reply) == (501, "NOT_EMULATED", "not emulated: field Case.EntitlementId")


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nonsense.Name FROM Case", "INVALID_FIELD"),
        ("SELECT (SELECT Id FROM Nonsenses) FROM Account", "INVALID_TYPE"),
    ],
)
def test_what_no_org_has_is_refused_as_on_the_platform(
    scratch: Client, soql: str, code: str
) -> None:
    reply = scratch.call("GET", "query", params={"q": soql})
    assert scratch.refusal(reply)[:2] == (400, code)

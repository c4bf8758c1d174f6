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

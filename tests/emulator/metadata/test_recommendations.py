"""Recommendation: whether its flow is active."""

from __future__ import annotations

import pytest

from tests.emulator.metadata.conftest import OrgClient
from tests.emulator.metadata.test_flow_views import deploy_flow

PATH = "/services/data/v68.0/sobjects/Recommendation"
OFFER = {
    "Name": "Discount",
    "Description": "10 % off",
    "AcceptanceLabel": "Yes",
    "RejectionLabel": "No",
    "ActionReference": "Greet",
}


@pytest.mark.parametrize(("status", "expected"), [("Active", True), ("Draft", False)])
def test_a_recommendation_knows_whether_its_flow_is_active(
    client: OrgClient, status: str, expected: bool
) -> None:
    deploy_flow(client, status)
    assert client.call("POST", PATH, json=OFFER).status_code == 201
    other = {**OFFER, "ActionReference": "Nothing"}
    assert client.call("POST", PATH, json=other).status_code == 201
    rows = client.query("SELECT IsActionActive FROM Recommendation ORDER BY ActionReference")
    assert [one["IsActionActive"] for one in rows] == [expected, False]


@pytest.mark.parametrize("name", sorted(OFFER))
def test_what_a_recommendation_requires(client: OrgClient, name: str) -> None:
    values = {key: value for key, value in OFFER.items() if key != name}
    reply = client.call("POST", PATH, json=values)
    assert reply.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert reply.json()[0]["fields"] == [name]

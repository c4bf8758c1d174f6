"""SCIM: users as the Salesforce CLI creates them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.core.conftest import Client

PATH = "/services/scim/v1/Users"


def profile_id(client: Client, name: str = "Standard User") -> str:
    """The id of a profile."""
    return str(client.query(f"SELECT Id FROM Profile WHERE Name = '{name}'")[0]["Id"])


def create(client: Client, username: str, profile: str = "", **more: Any) -> requests.Response:
    """POST a user with the body that the CLI sends."""
    body = {
        "username": username,
        "emails": ["someone@acme.example"],
        "name": {"familyName": "Someone"},
        "nickName": username[:40],
        "entitlements": [{"value": profile or profile_id(client)}],
    }
    return client.call("POST", PATH, json={**body, **more.pop("body", {})}, **more)


def test_a_user_is_created_with_the_locale_of_the_one_who_asks(scratch: Client) -> None:
    reply = create(scratch, "someone@acme.example")
    assert (reply.status_code, reply.json()["userName"]) == (201, "someone@acme.example")
    row = scratch.read("User", reply.json()["id"])
    assert (row["LastName"], row["Email"]) == ("Someone", "someone@acme.example")
    assert (row["TimeZoneSidKey"], row["UserType"]) == ("America/Los_Angeles", "Standard")
    again = scratch.call("GET", f"{PATH}/{row['Id']}")
    assert again.json() == reply.json()
    assert scratch.call("GET", f"{PATH}/005000000000001AAA").status_code == 404


def test_an_approved_user_can_log_in_with_the_token_of_the_answer(scratch: Client) -> None:
    plain = create(scratch, "plain@acme.example", profile_id(scratch, "Chatter Free User"))
    assert "auto-approve-user" not in plain.headers
    assert scratch.grant("plain@acme.example").status_code == 400
    reply = create(scratch, "someone@acme.example", headers={"auto-approve-user": "true"})
    form = {"grant_type": "refresh_token", "refresh_token": reply.headers["auto-approve-user"]}
    token = scratch.http.post(f"{scratch.url}/services/oauth2/token", data=form, timeout=30).json()
    assert token["id"].endswith(reply.json()["id"])
    assert scratch.grant("someone@acme.example").status_code == 200


@pytest.mark.parametrize(
    ("username", "body", "status", "code"),
    [
        ("hub@acme.example", {}, 409, "DUPLICATE_USERNAME"),
        ("nobody", {}, 400, "INVALID_EMAIL_ADDRESS"),
        ("a@acme.example", {"name": None}, 400, "REQUIRED_FIELD_MISSING"),
        ("a@acme.example", {"entitlements": "x"}, 400, "REQUIRED_FIELD_MISSING"),
        ("a@acme.example", {"emails": [{"value": 1}]}, 400, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_refusal_names_the_error_code(
    scratch: Client, username: str, body: dict[str, Any], status: int, code: str
) -> None:
    reply = create(scratch, username, body=body)
    [error] = reply.json()["Errors"]
    assert (reply.status_code, error["code"]) == (status, status)
    assert error["description"].startswith(f"{code}: ")


def test_a_developer_org_has_two_salesforce_licences(scratch: Client) -> None:
    assert create(scratch, "a@acme.example").status_code == 201
    refused = create(scratch, "b@acme.example").json()["Errors"][0]["description"]
    assert refused.startswith("LICENSE_LIMIT_EXCEEDED")
    free = create(scratch, "b@acme.example", profile_id(scratch, "Chatter Free User"))
    assert scratch.read("User", free.json()["id"])["UserType"] == "CsnOnly"

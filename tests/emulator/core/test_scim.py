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
        ("a@acme.example", {"entitlements": "x"}, 409, "REQUIRED_FIELD_MISSING:user_must_have"),
        ("a@acme.example", {"entitlements": []}, 409, "REQUIRED_FIELD_MISSING:user_must_have"),
        (
            "a@acme.example",
            {"entitlements": [{"value": "00e000000000000AAA"}]},
            400,
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ("a@acme.example", {"username": None}, 400, "REQUIRED_FIELD_MISSING"),
        ("a@acme.example", {"name": "Someone"}, 400, "REQUIRED_FIELD_MISSING"),
        ("a@acme.example", {"emails": []}, 400, "REQUIRED_FIELD_MISSING"),
        ("a@acme.example", {"emails": [{"value": 1}]}, 400, "INVALID_EMAIL_ADDRESS"),
    ],
)
def test_a_refusal_names_the_error_code(
    scratch: Client, username: str, body: dict[str, Any], status: int, code: str
) -> None:
    reply = create(scratch, username, body=body)
    [error] = reply.json()["Errors"]
    assert (reply.status_code, error["code"]) == (status, status)
    assert error["description"].startswith(code)


def test_a_developer_org_has_two_salesforce_licences(scratch: Client) -> None:
    assert create(scratch, "a@acme.example").status_code == 201
    refused = create(scratch, "b@acme.example").json()["Errors"][0]["description"]
    assert refused.startswith("LICENSE_LIMIT_EXCEEDED")
    free = create(scratch, "b@acme.example", profile_id(scratch, "Chatter Free User"))
    assert scratch.read("User", free.json()["id"])["UserType"] == "CsnOnly"


V2_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def create_v2(client: Client, **body: Any) -> requests.Response:
    """POST a user with the body of the example in Salesforce Help."""
    whole = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": "ext",
        "userName": "scim@acme.example",
        "name": {"familyName": "Scim", "givenName": "User"},
        "emails": [{"value": "no@x.example"}, {"value": "work@x.example", "primary": True}],
        "entitlements": [{"value": profile_id(client, "Chatter Free User")}],
        **body,
    }
    return client.call("POST", "/services/scim/v2/Users/", json=whole)


def test_the_answer_of_version_2(scratch: Client) -> None:
    reply = create_v2(scratch)
    found = reply.json()
    assert reply.status_code == 201
    location = f"{scratch.url}/services/scim/v2/Users/{found['id']}"
    assert reply.headers["Location"] == location
    profile = profile_id(scratch, "Chatter Free User")
    expected = {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": "scim@acme.example",
        "externalId": "ext",
        "name": {"formatted": "User Scim", "familyName": "Scim", "givenName": "User"},
        "displayName": "User Scim",
        "nickName": "scim",
        "emails": [{"type": "work", "primary": True, "value": "work@x.example"}],
        "preferredLanguage": "en_US",
        "emailEncodingKey": "UTF-8",
        "locale": "en_US",
        "timezone": "America/Los_Angeles",
        "active": True,
        "entitlements": [
            {
                "value": profile,
                "$ref": f"/Entitlements/{profile}",
                "display": "Chatter Free User",
                "type": "Profile",
                "primary": True,
            }
        ],
    }
    assert {name: found.get(name) for name in expected} == expected
    assert (found["meta"]["resourceType"], found["meta"]["location"]) == ("User", location)
    read = scratch.call("GET", f"/services/scim/v2/Users/{found['id']}")
    assert (read.status_code, read.json()) == (200, found)


def test_version_2_has_errors_of_its_own(scratch: Client) -> None:
    reply = create_v2(scratch, entitlements=[])
    assert (reply.status_code, reply.json()) == (
        409,
        {
            "schemas": [V2_ERROR],
            "detail": "REQUIRED_FIELD_MISSING:"
            "user_must_have_one_entitlement_which_must_be_a_profileid;",
            "status": 409,
        },
    )
    missing = scratch.call("GET", "/services/scim/v2/Users/005000000000001AAA")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert create_v2(scratch, userName="hub@acme.example").status_code == 409


def test_nicknames_are_unique_and_chosen_where_none_is_given(scratch: Client) -> None:
    free = profile_id(scratch, "Chatter Free User")
    assert create(scratch, "a@acme.example", free).status_code == 201
    reply = create(scratch, "b@acme.example", free, body={"nickName": "A@acme.example"})
    assert reply.json()["Errors"][0]["description"] == (
        "DUPLICATE_COMM_NICKNAME, Duplicate Nickname.<br>Another user has already selected this "
        "nickname.<br>Please select another.: [CommunityNickname]"
    )
    names = {
        create(scratch, f"same@{host}.example", free, body={"nickName": None}).json()["nickName"]
        for host in ("a", "b", "c")
    }
    assert len(names) == 3


def test_an_approved_user_can_get_a_permission_set(scratch: Client) -> None:
    made = create(scratch, "someone@acme.example", headers={"auto-approve-user": "true"}).json()
    permission_set = scratch.create("PermissionSet", Name="P", Label="P")
    values = {"AssigneeId": made["id"], "PermissionSetId": permission_set}
    assert scratch.create("PermissionSetAssignment", **values)


def test_requests_that_are_not_known(scratch: Client, client: Client) -> None:
    refused = scratch.call("POST", PATH, json=["x"])
    assert (refused.status_code, refused.json()["Errors"][0]["code"]) == (400, 400)
    assert client.call("POST", PATH, json={}).status_code == 401
    assert scratch.call("GET", PATH).status_code == 501
    assert scratch.call("PATCH", f"{PATH}/005000000000001AAA", json={}).status_code == 501
    assert scratch.call("POST", "/services/scim/v3/Users", json={}).status_code == 501

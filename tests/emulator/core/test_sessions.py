"""Access tokens: two hours after the last use they are over; they can be ended before."""

from __future__ import annotations

import pytest

from tests.emulator.core.conftest import Client

EXPIRED = (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_a_session_ends_two_hours_after_its_last_use(hub: Client) -> None:
    hub.world.clock.advance(7100)
    assert hub.call("GET", "limits").status_code == 200
    hub.world.clock.advance(7100)
    assert hub.call("GET", "limits").status_code == 200
    hub.world.clock.advance(7201)
    assert hub.refusal(hub.call("GET", "limits")) == EXPIRED
    hub.login()
    assert hub.call("GET", "limits").status_code == 200


@pytest.mark.parametrize("value", [None, "Bearer 00D000000000001!AQ.none"])
def test_without_a_session_there_is_no_answer(client: Client, value: str | None) -> None:
    headers = {"Authorization": value} if value else {}
    assert client.refusal(client.call("GET", "limits", headers=headers)) == EXPIRED


def test_the_older_scheme_is_understood(hub: Client) -> None:
    token = hub.login()
    reply = hub.call("GET", "limits", headers={"Authorization": f"OAuth {token}"})
    assert reply.status_code == 200


def test_a_revoked_token_is_over(hub: Client) -> None:
    token = hub.login()
    assert hub.call("POST", "/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert hub.refusal(hub.call("GET", "limits")) == EXPIRED
    reply = hub.call("POST", "/services/oauth2/revoke", data={"token": token})
    assert hub.refusal(reply) == (400, "invalid_token", "invalid token")


def test_what_was_never_a_token_cannot_be_revoked(hub: Client) -> None:
    reply = hub.call("POST", "/services/oauth2/revoke", data={"token": "{'access_token': 'x'}"})
    message = "this token type is not supported"
    assert hub.refusal(reply) == (400, "unsupported_token_type", message)


def test_soap_answers_with_a_fault(client: Client) -> None:
    body = "<env><SessionHeader><sessionId>00D!x</sessionId></SessionHeader></env>"
    reply = client.call("POST", "/services/Soap/m/68.0", data=body)
    assert reply.status_code == 500
    assert reply.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in reply.text


def test_the_identity_of_a_token_is_given_to_its_bearer(hub: Client, scratch: Client) -> None:
    reply = hub.grant()
    found = hub.http.get(reply.json()["id"], timeout=30).json()
    assert found["username"] == "hub@acme.example"
    assert found["organization_id"] == hub.world.hub.id
    assert found["user_id"] == hub.world.hub.admin_id
    other = scratch.http.get(reply.json()["id"], timeout=30)
    assert (other.status_code, other.text) == (403, "Bad_Id")


def test_user_info_names_user_and_org(scratch: Client) -> None:
    found = scratch.call("GET", "/services/oauth2/userinfo").json()
    assert found["preferred_username"].startswith("test-")
    assert found["organization_id"] != scratch.world.hub.id


@pytest.mark.parametrize(
    "path", ["/services/oauth2/userinfo", "/id/x/y", "/services/oauth2/singleaccess"]
)
def test_without_a_token_nobody_is_identified(client: Client, path: str) -> None:
    """The refusal is one word of plain text, which clients compare."""
    for headers, word in (({"Authorization": "Bearer 00D!x"}, "Bad_OAuth_Token"),
                          ({"Authorization": ""}, "Missing_OAuth_Token")):  # fmt: skip
        reply = client.call("GET", path, headers=headers)
        assert (reply.status_code, reply.text) == (403, word)
        assert reply.headers["Content-Type"].startswith("text/")


def test_a_browser_link_works_once(scratch: Client) -> None:
    path = "/services/oauth2/singleaccess"
    reply = scratch.call("GET", path, params={"redirect_uri": "/lightning/setup"})
    link = reply.json()["frontdoor_uri"]
    assert link.startswith(scratch.url + "/secur/frontdoor.jsp?otp=")
    token = scratch.token
    assert token not in link
    first = scratch.http.get(link, allow_redirects=False, timeout=30)
    assert (first.status_code, first.headers["Location"]) == (302, "/lightning/setup")
    second = scratch.http.get(link, allow_redirects=False, timeout=30)
    assert second.status_code == 200
    assert "Set-Cookie" not in second.headers


def test_a_browser_link_has_a_target_only_if_one_was_asked_for(scratch: Client) -> None:
    link = scratch.call("GET", "/services/oauth2/singleaccess").json()["frontdoor_uri"]
    assert "startURL" not in link
    assert "cshc=" in link
    opened = scratch.http.get(link, allow_redirects=False, timeout=30)
    assert (opened.status_code, opened.headers["Location"]) == (302, "/lightning")


def test_no_browser_link_for_an_expired_token(client: Client) -> None:
    path = "/services/oauth2/singleaccess"
    reply = client.call("GET", path, headers={"Authorization": "Bearer 00D!x"})
    assert reply.status_code == 403

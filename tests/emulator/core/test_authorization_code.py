"""AuthCode: a new org's one-time code, for apps without a certificate (PlatformCLI)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import requests

from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME
from tests.emulator.core.conftest import Client

CALLBACK = "http://localhost:1717/OauthRedirect"


def _exchange(client: Client, code: str, **form: Any) -> requests.Response:
    whole = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "PlatformCLI",
        "redirect_uri": CALLBACK,
        **form,
    }
    return client.http.post(f"{client.url}/services/oauth2/token", data=whole, timeout=30)


def test_a_code_opens_the_org_once(hub: Client, client: Client) -> None:
    record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
    reply = _exchange(client, record["AuthCode"])
    body = reply.json()
    assert reply.status_code == 200
    assert body["refresh_token"]
    assert body["access_token"][:15] == record["ScratchOrg"]
    again = client.refusal(_exchange(client, record["AuthCode"]))
    assert again == (400, "invalid_grant", "invalid authorization code")


def test_an_org_of_the_cli_app_is_closed_to_the_hub_key(hub: Client) -> None:
    record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
    assert hub.refusal(hub.grant(record["SignupUsername"])) == (
        400,
        "invalid_grant",
        "user hasn't approved this consumer",
    )


def test_the_refresh_token_gives_new_sessions(hub: Client, client: Client) -> None:
    record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
    body = _exchange(client, record["AuthCode"]).json()
    client.world.sessions.end(body["access_token"])
    form = {
        "grant_type": "refresh_token",
        "refresh_token": body["refresh_token"],
        "client_id": "PlatformCLI",
    }
    url = f"{client.url}/services/oauth2/token"
    reply = client.http.post(url, data=form, timeout=30)
    assert reply.json()["access_token"] != body["access_token"]
    client.http.post(f"{client.url}/services/oauth2/revoke", data={"token": body["refresh_token"]})
    refused = client.refusal(client.http.post(url, data=form, timeout=30))
    assert refused == (400, "invalid_grant", "expired access/refresh token")


EXPIRED_TOKEN = (400, "invalid_grant", "expired access/refresh token")


def _logged_in(hub: Client) -> dict[str, Any]:
    record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
    return dict(_exchange(hub, record["AuthCode"]).json())


def _refresh(client: Client, token: str) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "PlatformCLI"}
    return client.http.post(f"{client.url}/services/oauth2/token", data=form, timeout=30)


def _works(client: Client, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return client.call("GET", "limits", headers=headers).status_code == 200


def test_a_code_is_read_by_soql_once_the_org_is_active(hub: Client) -> None:
    values = {"OrgName": "A", "Edition": "Developer", "ConnectedAppConsumerKey": "PlatformCLI"}
    request = hub.create("ScratchOrgInfo", **values, ConnectedAppCallbackUrl=CALLBACK)
    soql = f"SELECT Status, AuthCode, LoginUrl FROM ScratchOrgInfo WHERE Id = '{request}'"
    found = hub.query(soql)[0]
    while found["Status"] != "Active":
        assert found["AuthCode"] is None
        hub.world.clock.advance(300)
        [found] = hub.query(soql)
    assert found["LoginUrl"] == hub.url
    assert _exchange(hub, found["AuthCode"]).status_code == 200


def test_how_long_a_code_lives_can_be_set(hub: Client) -> None:
    hub.world.behavior = replace(hub.world.behavior, auth_code_life=60)
    code = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")["AuthCode"]
    hub.world.clock.advance(59)
    assert _exchange(hub, code).status_code == 200
    code = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")["AuthCode"]
    hub.world.clock.advance(60)
    assert hub.refusal(_exchange(hub, code))[2] == "expired authorization code"


def test_each_use_of_a_refresh_token_gives_another_one(hub: Client, client: Client) -> None:
    first = _logged_in(hub)["refresh_token"]
    second = _refresh(client, first).json()["refresh_token"]
    third = _refresh(client, second).json()["refresh_token"]
    assert len({first, second, third}) == 3


def test_a_second_use_ends_the_whole_login(hub: Client, client: Client) -> None:
    """A pool of stored tokens fails so at its second consumer."""
    opened = _logged_in(hub)
    refreshed = _refresh(client, opened["refresh_token"]).json()
    assert _works(client, opened["access_token"])
    assert client.refusal(_refresh(client, opened["refresh_token"])) == EXPIRED_TOKEN
    assert client.refusal(_refresh(client, refreshed["refresh_token"])) == EXPIRED_TOKEN
    assert not _works(client, opened["access_token"])
    assert not _works(client, refreshed["access_token"])


def test_another_login_of_the_same_user_survives(hub: Client, client: Client) -> None:
    first, record = _logged_in(hub), hub.query("SELECT SignupUsername FROM ScratchOrgInfo")[0]
    path = f"/_emulator/users/{record['SignupUsername']}/refresh-token"
    other = hub.call("POST", path, json={"consumer_key": "PlatformCLI"}).json()["refresh_token"]
    session = _refresh(client, other).json()["access_token"]
    form = {"token": first["refresh_token"]}
    assert client.call("POST", "/services/oauth2/revoke", data=form).status_code == 200
    assert not _works(client, first["access_token"])
    assert _works(client, session)


def test_without_rotation_a_refresh_token_is_used_again_and_again(hub: Client) -> None:
    hub.world.behavior = replace(hub.world.behavior, refresh_rotation="off")
    token = _logged_in(hub)["refresh_token"]
    for _ in range(2):
        reply = _refresh(hub, token)
        assert reply.status_code == 200
        assert "refresh_token" not in reply.json()


def test_another_app_cannot_use_a_refresh_token(hub: Client) -> None:
    token = _logged_in(hub)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "3MVG9Other"}
    reply = hub.http.post(f"{hub.url}/services/oauth2/token", data=form, timeout=30)
    assert hub.refusal(reply) == EXPIRED_TOKEN
    assert _refresh(hub, token).status_code == 200


def test_a_revoked_access_token_leaves_its_refresh_token(hub: Client, client: Client) -> None:
    opened = _logged_in(hub)
    for status in (200, 400):
        form = {"token": opened["access_token"]}
        reply = client.call("POST", "/services/oauth2/revoke", data=form)
        assert reply.status_code == status
    assert client.refusal(reply) == (400, "invalid_token", "invalid token")
    assert _refresh(client, opened["refresh_token"]).status_code == 200


def test_a_revoked_refresh_token_ends_its_sessions(hub: Client, client: Client) -> None:
    opened = _logged_in(hub)
    form = {"token": opened["refresh_token"]}
    assert client.call("POST", "/services/oauth2/revoke", data=form).status_code == 200
    assert not _works(client, opened["access_token"])
    assert client.refusal(_refresh(client, opened["refresh_token"])) == EXPIRED_TOKEN
    reply = client.call("POST", "/services/oauth2/revoke", data=form)
    assert client.refusal(reply) == (400, "invalid_token", "invalid token")


def test_a_code_is_of_its_app_and_callback(hub: Client, client: Client) -> None:
    code = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")["AuthCode"]
    assert client.refusal(_exchange(client, code, client_id="3MVG9Other"))[1] == "invalid_client_id"
    wrong = _exchange(client, code, redirect_uri="http://localhost/")
    assert client.refusal(wrong)[1] == "redirect_uri_mismatch"
    assert _exchange(client, code).status_code == 200


def test_a_code_does_not_live_long(hub: Client, client: Client) -> None:
    code = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")["AuthCode"]
    hub.world.clock.advance(3600)
    refused = client.refusal(_exchange(client, code))
    assert refused == (400, "invalid_grant", "expired authorization code")


def test_a_login_in_a_browser_leaves_a_refresh_token_of_its_user(hub: Client) -> None:
    """The control plane stands for the browser: an SFDX URL carries such a token."""
    key, path = DEFAULT_CONSUMER_KEY, f"users/{DEFAULT_HUB_USERNAME}/refresh-token"
    made = hub.call("POST", f"/_emulator/{path}", json={"consumer_key": key})
    form = {"grant_type": "refresh_token", "client_id": key, **made.json()}
    reply = hub.http.post(f"{hub.url}/services/oauth2/token", data=form, timeout=30)
    assert reply.json()["access_token"][:15] == hub.world.hub.id[:15]
    unknown = hub.call("POST", f"/_emulator/{path}", json={"consumer_key": "3MVG9Other"})
    assert (unknown.status_code, "3MVG9Other" in unknown.text) == (400, True)

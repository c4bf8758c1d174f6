"""AuthCode: a new org's one-time code, for apps without a certificate (PlatformCLI)."""

from __future__ import annotations

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

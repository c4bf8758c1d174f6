"""The JWT bearer grant: what opens an org, and each refusal in the platform's words."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from provisioner.emulator.apps import app_from_certificate
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from tests.emulator.core.conftest import Client

NOT_APPROVED = (400, "invalid_grant", "user hasn't approved this consumer")
INVALID_ASSERTION = (400, "invalid_grant", "invalid assertion")
NO_AUDIENCE = (400, "invalid_grant", "audience is invalid")


def test_the_key_alone_opens_the_dev_hub(client: Client) -> None:
    reply = client.grant()
    body = reply.json()
    assert reply.status_code == 200
    assert body["token_type"] == "Bearer"
    assert body["instance_url"] == client.url
    assert body["access_token"].startswith(client.world.hub.id[:15] + "!")
    assert body["id"].split("/")[-2:] == [client.world.hub.id, client.world.hub.admin_id]
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    "claims",
    [
        lambda _: {"aud": "https://login.salesforce.com"},
        lambda _: {"aud": "https://login.salesforce.com/"},
        lambda _: {"aud": ["https://login.salesforce.com"]},
        lambda now: {"exp": now * 1000 + 300},  # milliseconds: the Salesforce CLI
        lambda now: {"exp": str(now + 180)},  # a string: simple-salesforce
        lambda now: {"exp": now},  # this very second: CumulusCI
        lambda now: {"exp": now - 120},  # within the platform's tolerance
        lambda now: {"iat": now, "alg": "RS256"},
        lambda _: {"sub": DEFAULT_HUB_USERNAME.upper()},
    ],
)
def test_assertions_as_real_clients_send_them_are_taken(
    client: Client, claims: Callable[[int], dict[str, Any]]
) -> None:
    assert client.grant(**claims(int(time.time()))).status_code == 200


def test_the_own_address_is_an_audience_with_and_without_a_slash(client: Client) -> None:
    for audience in (client.url, client.url + "/", client.url.replace("127.0.0.1", "localhost")):
        assert client.grant(aud=audience).status_code == 200


def test_logins_while_a_session_lives_give_the_same_token(client: Client) -> None:
    first, second = client.grant().json(), client.grant().json()
    assert first["access_token"] == second["access_token"]
    client.world.sessions.end(first["access_token"])
    assert client.grant().json()["access_token"] != first["access_token"]


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({"iss": "3MVG9Unknown"}, (400, "invalid_client_id", "client identifier invalid")),
        ({"iss": None}, (400, "invalid_client_id", "client identifier invalid")),
        ({"sub": "nobody@acme.example"}, NOT_APPROVED),
        ({"sub": None}, NOT_APPROVED),
        ({"aud": "https://test.salesforce.com"}, NO_AUDIENCE),
        ({"aud": "https://evil.example"}, NO_AUDIENCE),
        ({"aud": None}, NO_AUDIENCE),
        ({"exp": int(time.time()) - 600}, (400, "invalid_grant", "expired authorization code")),
        ({"exp": None}, INVALID_ASSERTION),
        ({"exp": "soon"}, INVALID_ASSERTION),
    ],
)
def test_what_is_wrong_with_an_assertion_is_said(
    client: Client, claims: dict[str, Any], refusal: tuple[int, str, str]
) -> None:
    assert client.refusal(client.grant(**claims)) == refusal


def test_another_key_is_refused(client: Client, other_key_pair: KeyPair) -> None:
    client.private_key = other_key_pair.private_key
    assert client.refusal(client.grant()) == INVALID_ASSERTION


def test_an_unsigned_assertion_is_refused(client: Client) -> None:
    claims = {"iss": DEFAULT_CONSUMER_KEY, "sub": DEFAULT_HUB_USERNAME, "aud": client.url}
    unsigned = jwt.encode({**claims, "exp": int(time.time()) + 60}, "", "none")
    assert client.refusal(client.post_assertion(unsigned)) == INVALID_ASSERTION


def test_a_changed_assertion_is_refused(client: Client) -> None:
    claims = {"iss": DEFAULT_CONSUMER_KEY, "sub": "other@acme.example", "aud": client.url}
    head, body, signature = jwt.encode(claims, client.private_key, "RS256").split(".")
    claims["sub"] = DEFAULT_HUB_USERNAME
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    changed = ".".join((head, body, signature))
    assert client.refusal(client.post_assertion(changed)) == INVALID_ASSERTION


def test_other_algorithms_are_refused(client: Client) -> None:
    claims = {"iss": DEFAULT_CONSUMER_KEY, "sub": DEFAULT_HUB_USERNAME, "aud": client.url}
    claims["exp"] = str(int(time.time()) + 60)
    key = ec.generate_private_key(ec.SECP256R1())
    for assertion in (
        jwt.encode(claims, key, "ES256"),
        jwt.encode(claims, client.private_key, "RS512"),
        jwt.encode(claims, "a secret of thirty-two characters", "HS256"),
    ):
        assert client.refusal(client.post_assertion(assertion)) == INVALID_ASSERTION


@pytest.mark.parametrize("assertion", ["", "a.b.c", "no dots", "..", "e30.W10.x"])
def test_what_is_no_assertion_at_all_is_refused(client: Client, assertion: str) -> None:
    assert client.refusal(client.post_assertion(assertion)) in (
        INVALID_ASSERTION,
        (400, "invalid_client_id", "client identifier invalid"),
    )


def test_a_user_whom_no_administrator_approved_is_refused(client: Client) -> None:
    client.world.hub.apps[DEFAULT_CONSUMER_KEY].approved.clear()
    assert client.refusal(client.grant()) == (
        400,
        "invalid_app_access",
        "user is not admin approved to access this app",
    )


def test_an_app_that_users_approve_themselves_needs_that(
    client: Client, world: World, key_pair: KeyPair
) -> None:
    world.register_app(
        app_from_certificate(DEFAULT_CONSUMER_KEY, key_pair.certificate, policy="self")
    )
    assert client.refusal(client.grant()) == NOT_APPROVED


def test_an_inactive_user_is_refused(client: Client, world: World) -> None:
    world.hub.store.set_fields("User", world.hub.admin_id, {"IsActive": False})
    assert client.refusal(client.grant()) == (400, "inactive_user", "user is inactive")


def test_another_grant_type_is_refused(client: Client) -> None:
    url = f"{client.url}/services/oauth2/token"
    reply = client.http.post(url, data={"grant_type": "password", "username": "x"}, timeout=30)
    assert client.refusal(reply) == (400, "unsupported_grant_type", "grant type not supported")


def test_the_hub_key_opens_the_scratch_org_for_its_admin_alone(
    hub: Client, new_client: Callable[[], Client]
) -> None:
    username = hub.sign_up()["SignupUsername"]
    consumer = new_client()
    reply = consumer.grant(username, aud="https://test.salesforce.com")
    assert reply.status_code == 200
    assert reply.json()["access_token"][:15] == hub.world.usernames[username][0].id[:15]
    refused = consumer.grant(username, aud="https://login.salesforce.com")
    assert consumer.refusal(refused) == NO_AUDIENCE


def test_an_app_that_the_org_does_not_have_opens_nothing(hub: Client, key_pair: KeyPair) -> None:
    username = hub.sign_up()["SignupUsername"]
    hub.world.register_app(app_from_certificate("3MVG9Other", key_pair.certificate))
    assert hub.refusal(hub.grant(username, iss="3MVG9Other")) == NOT_APPROVED


def test_an_external_client_app_that_is_not_installed_says_so(
    hub: Client, key_pair: KeyPair
) -> None:
    username = hub.sign_up()["SignupUsername"]
    app = app_from_certificate("3MVG9External", key_pair.certificate, kind="external")
    hub.world.register_app(app, approved=[hub.world.hub.admin_id])
    assert hub.grant(iss="3MVG9External").status_code == 200
    assert hub.refusal(hub.grant(username, iss="3MVG9External")) == (
        400,
        "app_not_found",
        "External client app is not installed in this org",
    )


def test_a_second_app_opens_the_scratch_org_and_not_the_hub(hub: Client) -> None:
    second = make_key_pair()
    hub.world.register_app(app_from_certificate("3MVG9Second", second.certificate))
    username = hub.sign_up(ConnectedAppConsumerKey="3MVG9Second")["SignupUsername"]
    hub.private_key = second.private_key
    assert hub.grant(username, iss="3MVG9Second").status_code == 200
    assert hub.refusal(hub.grant(iss="3MVG9Second"))[1] == "invalid_app_access"


def test_a_new_org_lets_nobody_in_until_its_users_have_spread(hub: Client) -> None:
    hub.world.latencies.override({"propagation": 60})
    username = hub.sign_up()["SignupUsername"]
    assert hub.refusal(hub.grant(username)) == NOT_APPROVED
    hub.world.clock.advance(61)
    assert hub.grant(username).status_code == 200

"""The three kinds of app that a Dev Hub may have, and what a sign-up makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provisioner.emulator.apps import HUB_APPS, HubApp
from provisioner.emulator.clock import Clock
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.emulator.core.conftest import Client

NOT_INSTALLED = (400, "app_not_found", "External client app is not installed in this org")


@contextmanager
def hub_with(kind: HubApp, key_pair: KeyPair) -> Iterator[Client]:
    """A client logged in to a Dev Hub with such an app."""
    world = World(certificate=key_pair.certificate, hub_app=kind, clock=Clock(speed=0))
    with EmulatorServer(world) as server:
        client = Client(server, key_pair.private_key)
        client.login()
        yield client
        client.http.close()


@pytest.mark.parametrize("kind", ["connected", "external-replicated"])
def test_a_carried_app_opens_the_new_org(kind: HubApp, key_pair: KeyPair) -> None:
    with hub_with(kind, key_pair) as hub:
        record = hub.sign_up()
        assert (record["Status"], record["ErrorCode"]) == ("Active", None)
        assert hub.grant(record["SignupUsername"]).status_code == 200


def test_an_external_app_that_is_not_carried_ends_the_sign_up_at_once(key_pair: KeyPair) -> None:
    with hub_with("external", key_pair) as hub:
        values = {"OrgName": "A", "Edition": "Developer", "ConnectedAppCallbackUrl": "http://x"}
        key = next(key for key in hub.world.hub.apps if key != "PlatformCLI")
        request = hub.create("ScratchOrgInfo", **values, ConnectedAppConsumerKey=key)
        hub.world.clock.advance(16)  # never Creating
        record = hub.read("ScratchOrgInfo", request)
        assert (record["Status"], record["ErrorCode"]) == ("Error", "C-1016")


@pytest.mark.parametrize("kind", HUB_APPS)
def test_the_app_of_the_cli_is_in_every_org(kind: HubApp, key_pair: KeyPair) -> None:
    with hub_with(kind, key_pair) as hub:
        record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
        assert record["Status"] == "Active"
        form = {
            "grant_type": "authorization_code",
            "code": record["AuthCode"],
            "client_id": "PlatformCLI",
            "redirect_uri": "http://localhost:1717/OauthRedirect",
        }
        url = f"{record['LoginUrl']}/services/oauth2/token"
        assert hub.http.post(url, data=form, timeout=30).status_code == 200


def test_an_external_app_is_not_in_an_org_of_the_cli_app(key_pair: KeyPair) -> None:
    with hub_with("external", key_pair) as hub:
        username = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")["SignupUsername"]
        assert hub.refusal(hub.grant(username)) == NOT_INSTALLED


def test_another_key_is_not_the_one_of_an_external_app(
    key_pair: KeyPair, other_key_pair: KeyPair
) -> None:
    with hub_with("external", key_pair) as hub:
        hub.private_key = other_key_pair.private_key
        refused = (400, "invalid_client", "invalid client credentials")
        assert hub.refusal(hub.grant()) == refused


def test_the_control_plane_registers_an_external_app_that_is_carried(
    hub: Client, other_key_pair: KeyPair
) -> None:
    for key, carried, status in (("3MVG9One", True, "Active"), ("3MVG9Two", False, "Error")):
        body = {"consumer_key": key, "certificate": other_key_pair.certificate, "kind": "external"}
        hub.call("POST", "/_emulator/apps", json={**body, "carried": carried})
        assert hub.sign_up(ConnectedAppConsumerKey=key)["Status"] == status
    reply = hub.call("POST", "/_emulator/apps", json={**body, "carried": "yes"})
    assert reply.json() == {"error": "carried must be true or false"}

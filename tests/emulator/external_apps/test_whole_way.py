"""From a sign-up on a hub without a connected app to a login with nothing but the certificate.

Each step is a request, as docs/reference/login.md and external-client-apps.md describe it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from provisioner.emulator.apps import HubApp
from provisioner.emulator.clock import Clock
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.emulator.core.conftest import Client
from tests.emulator.external_apps.builders import GLOBAL
from tests.emulator.external_apps.conftest import Org

CALLBACK = "http://localhost:1717/OauthRedirect"


def test_the_key_opens_an_org_that_was_signed_up_without_it(key_pair: KeyPair) -> None:
    latencies = Latencies(overrides={"deploy": 0, "retrieve": 0, "app_latency": 60})
    world = World(
        certificate=key_pair.certificate,
        hub_app="external",
        clock=Clock(speed=0),
        latencies=latencies,
    )
    with EmulatorServer(world) as server, requests.Session() as http:
        hub = Client(server, key_pair.private_key)
        hub.login()
        record = hub.sign_up(ConnectedAppConsumerKey="PlatformCLI")
        form = {"grant_type": "authorization_code", "code": record["AuthCode"]}
        form |= {"client_id": "PlatformCLI", "redirect_uri": CALLBACK}
        url = f"{record['LoginUrl']}/services/oauth2/token"
        opened = http.post(url, data=form, timeout=30).json()

        scratch, _ = world.usernames[record["SignupUsername"]]
        org = Org(server, scratch, key_pair, record["SignupUsername"], http, opened["access_token"])
        key = org.deployed({GLOBAL: {"consumerKey": "f" * 64}})
        assert key == "f" * 64
        assert org.refused(key) == ("invalid_client_id", "client identifier invalid")
        world.clock.advance(120)
        token = org.grant(key, aud="https://test.salesforce.com").json()["access_token"]

        form = {"token": opened["refresh_token"]}
        revoke = f"{opened['instance_url']}/services/oauth2/revoke"
        assert http.post(revoke, data=form, timeout=30).status_code == 200
        assert org.call("GET", "limits").status_code == 401
        assert replace(org, given=token).call("GET", "limits").status_code == 200
        hub.http.close()


@pytest.mark.parametrize(
    ("hub_app", "status"), [("external", "Error"), ("external-replicated", "Active")]
)
def test_an_app_that_was_deployed_to_the_hub_is_carried_or_not(
    key_pair: KeyPair, hub_app: HubApp, status: str
) -> None:
    world = World(hub_app=hub_app, clock=Clock(speed=0), latencies=Latencies(instant=True))
    with EmulatorServer(world) as server, requests.Session() as http:
        org = Org(server, world.hub, key_pair, "hub@acme.example", http)
        key = org.deployed()
        hub = Client(server, key_pair.private_key)
        hub.http.headers["Authorization"] = f"Bearer {org.grant(key).json()['access_token']}"
        record = hub.sign_up(ConnectedAppConsumerKey=key)
        assert record["Status"] == status
        if status == "Active":
            assert org.grant(key, username=record["SignupUsername"]).status_code == 200
        else:
            assert record["ErrorCode"] == "C-1016"
        hub.http.close()

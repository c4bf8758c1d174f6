"""The login and the bundled emulator, which know nothing of each other, agree."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.errors import LoginError
from provisioner.login import Session, identity
from provisioner.salesforce.assertion import App
from provisioner.salesforce.grant import Grant, sign_in
from provisioner.salesforce.keys import SigningKey
from provisioner.salesforce.login_endpoints import (
    LoginEndpoint,
    hub_endpoints,
    scratch_endpoints,
    user_endpoints,
)
from provisioner.salesforce.post import post_form
from provisioner.salesforce.singleaccess import single_use_link
from tests.login.host import CONSUMER_KEY, HUB_USER, USERNAME


def log_in(app: App, username: str, endpoints: tuple[LoginEndpoint, ...]) -> Grant:
    return sign_in(app, username, endpoints, post_form)


def test_the_hub_lets_its_user_in_at_the_first_try(app: App, emulator: EmulatorServer) -> None:
    grant = log_in(app, HUB_USER, hub_endpoints(emulator.url))
    assert grant.org_id == emulator.world.hub.id
    assert grant.instance_url == emulator.url
    assert len(emulator.world.log.entries()) == 1


def test_a_scratch_org_lets_its_user_in_at_the_first_try(
    app: App, emulator: EmulatorServer, org: EmulatedOrg
) -> None:
    grant = log_in(app, USERNAME, scratch_endpoints(emulator.url, emulator.url))
    assert (grant.org_id, grant.user_id) == (org.id, org.admin_id)
    assert len(emulator.world.log.entries()) == 1


@pytest.mark.parametrize("username", [HUB_USER, USERNAME])
def test_an_address_alone_leads_to_either(
    username: str, app: App, emulator: EmulatorServer, org: EmulatedOrg
) -> None:
    assert log_in(app, username, user_endpoints(emulator.url)).access_token.startswith("00D")


def test_who_and_browser_link_come_from_the_session(
    app: App, emulator: EmulatorServer, org: EmulatedOrg
) -> None:
    grant = log_in(app, USERNAME, user_endpoints(emulator.url))
    session = Session(
        username=USERNAME,
        org_id=grant.org_id,
        instance_url=grant.instance_url,
        access_token=grant.access_token,
        consumer_key=CONSUMER_KEY,
        user_id=grant.user_id,
    )
    who = identity(session)
    assert (who["username"], who["organization_id"]) == (USERNAME, org.id)
    link = single_use_link(session.instance_url, session.access_token)
    assert link.startswith(f"{emulator.url}/secur/frontdoor.jsp?")
    assert grant.access_token not in link


def test_a_wrong_key_an_unknown_app_and_an_unknown_user_are_distinguished(
    app: App, emulator: EmulatorServer, org: EmulatedOrg, other_key: RSAPrivateKey
) -> None:
    endpoints = scratch_endpoints(emulator.url, emulator.url)
    cases = [
        (App(CONSUMER_KEY, SigningKey(other_key)), USERNAME, "login_bad_signature"),
        (App("3MVG9.unknown", app.key), USERNAME, "login_unknown_key"),
        (app, "nobody@acme.example", "login_not_approved"),
    ]
    for one, username, code in cases:
        with pytest.raises(LoginError) as caught:
            log_in(one, username, endpoints)
        assert caught.value.code == code

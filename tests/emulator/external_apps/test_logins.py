"""A deployed External Client App lets users in by JWT; each refusal has the platform's words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from provisioner.emulator.clock import Clock
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.world import World
from tests.emulator.external_apps.builders import (
    APP,
    FILES,
    GLOBAL,
    OAUTH,
    OAUTH_POLICY,
    POLICY,
    SET,
)
from tests.emulator.external_apps.conftest import Org, own_name, second_org, served
from tests.emulator.metadata.builders import package_xml, zipped

NOT_APPROVED = ("invalid_grant", "user hasn't approved this consumer")
UNKNOWN = ("invalid_client_id", "client identifier invalid")


def test_the_certificate_of_a_deployed_app_opens_the_org(org: Org) -> None:
    key = org.deployed()
    reply = org.grant(key)
    assert reply.status_code == 200, reply.text
    assert reply.json()["scope"] == "web api"
    assert reply.json()["access_token"][:15] == org.org.id[:15]
    headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    url = f"{org.server.url}/services/data/v68.0/limits"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200


def test_the_dev_hub_can_have_one_as_well(hub: Org) -> None:
    key = hub.deployed()
    assert hub.grant(key, aud="https://login.salesforce.com").status_code == 200
    assert hub.refused(key, aud="https://test.salesforce.com") == (
        "invalid_grant",
        "audience is invalid",
    )


def test_the_audience_is_the_own_address_or_the_one_of_sandboxes(org: Org) -> None:
    key = org.deployed()
    for audience in (org.server.url, "https://test.salesforce.com"):
        assert org.grant(key, aud=audience).status_code == 200
    refused = org.refused(key, aud="https://login.salesforce.com")
    assert refused == ("invalid_grant", "audience is invalid")


def test_without_the_permission_set_a_user_is_refused(org: Org) -> None:
    org.deploy_app()
    key = org.consumer_key()
    assert org.refused(key)[0] == "invalid_app_access"
    org.assign()
    assert org.grant(key).status_code == 200


def test_without_the_row_that_links_the_set_to_the_app_a_user_is_refused(org: Org) -> None:
    org.switch(setup_entity_access="inserted")
    key = org.deployed()
    assert org.refused(key)[0] == "invalid_app_access"
    assert org.query("SELECT Id FROM SetupEntityAccess") == []
    [parent] = org.query(f"SELECT Id FROM PermissionSet WHERE Name = '{SET}'")
    row = {"ParentId": parent["Id"], "SetupEntityId": org.app_id()}
    reply = org.call("POST", "sobjects/SetupEntityAccess", json=row)
    assert reply.status_code == 201, reply.text
    assert org.grant(key).status_code == 200
    again = org.call("POST", "sobjects/SetupEntityAccess", json=row)
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"


def test_a_profile_can_be_pre_authorized_too(org: Org) -> None:
    policy = {"commaSeparatedPermissionSet": None, "commaSeparatedProfile": "System Administrator"}
    org.deploy_app({OAUTH_POLICY: policy})
    assert org.grant(org.consumer_key()).status_code == 200


def test_users_who_approve_themselves_cannot_log_in_by_jwt(org: Org) -> None:
    key = org.deployed({OAUTH_POLICY: {"permittedUsersPolicyType": "AllSelfAuthorized"}})
    assert org.refused(key) == NOT_APPROVED
    assert org.query("SELECT Id FROM SetupEntityAccess") == []


@pytest.mark.parametrize(
    ("scopes", "refusal"),
    [
        ("Api", ("invalid_request", "refresh_token scope is required and the connected app should "
                 "be installed and preauthorized")),
        ("RefreshToken, OpenID", ("invalid_grant", "no valid scopes defined")),
        ("", ("invalid_grant", "no valid scopes defined")),
    ],
)  # fmt: skip
def test_scopes_that_are_missing_refuse_each_login(
    org: Org, scopes: str, refusal: tuple[str, str]
) -> None:
    key = org.deployed({OAUTH: {"commaSeparatedOauthScopes": scopes}})
    assert org.refused(key) == refusal


def test_full_is_a_usable_scope(org: Org) -> None:
    key = org.deployed({OAUTH: {"commaSeparatedOauthScopes": "Full, RefreshToken"}})
    assert org.grant(key).json()["scope"] == "full"


@pytest.mark.parametrize("name", ["isEnabled", "isOauthPluginEnabled"])
def test_a_policy_that_turns_the_app_off_refuses_logins_until_it_is_on_again(
    org: Org, name: str
) -> None:
    key = org.deployed({POLICY: {name: "false"}})
    assert org.refused(key) == UNKNOWN
    assert org.deploy_app(own_name(org))["status"] == "Succeeded"
    assert org.grant(key).status_code == 200


def test_a_redeploy_without_the_certificate_clears_it(org: Org) -> None:
    key = org.deployed()
    org.deploy_app({**own_name(org), GLOBAL: {"certificate": None}})
    assert org.refused(key) == ("invalid_grant", "invalid assertion")


def test_another_certificate_ends_the_old_key(org: Org, other_key_pair: KeyPair) -> None:
    key = org.deployed()
    org.deploy_app({**own_name(org), GLOBAL: {"certificate": other_key_pair.certificate}})
    assert org.refused(key) == ("invalid_client", "invalid client credentials")
    assert org.grant(key, keys=other_key_pair).status_code == 200


def test_another_org_does_not_know_the_app(org: Org) -> None:
    key = org.deployed()
    refused = second_org(org).refused(key)
    assert refused == ("app_not_found", "External client app is not installed in this org")


def test_an_inactive_user_is_refused(org: Org) -> None:
    key = org.deployed()
    org.org.store.set_fields("User", org.org.admin_id, {"IsActive": False})
    assert org.refused(key) == ("inactive_user", "user is inactive")


@pytest.fixture
def slow(key_pair: KeyPair) -> Iterator[Org]:
    """A scratch org with the latencies of the platform for new apps, and no others."""
    ranges = {"deploy": 0.0, "retrieve": 0.0, "app_latency": 100.0}
    world = World(clock=Clock(speed=0), latencies=Latencies(overrides=ranges))
    yield from served(world, key_pair)


def test_a_new_app_is_unknown_at_first_and_then_not_approved(slow: Org) -> None:
    key = slow.deployed()
    assert slow.refused(key) == UNKNOWN
    slow.world.clock.advance(100)
    assert slow.refused(key) == NOT_APPROVED
    slow.world.clock.advance(100)
    assert slow.grant(key).status_code == 200


def test_an_app_that_is_deployed_again_is_not_new(slow: Org, other_key_pair: KeyPair) -> None:
    key = slow.deployed()
    slow.world.clock.advance(200)
    changes = {**own_name(slow), GLOBAL: {"certificate": other_key_pair.certificate}}
    assert slow.deploy_app(changes)["status"] == "Succeeded"
    assert slow.grant(key, keys=other_key_pair).status_code == 200


def test_the_time_scale_applies_to_new_apps() -> None:
    seconds = Latencies(speed=100).delay("app_latency.Unknown").total_seconds()
    assert 0.6 <= seconds <= 3


def test_a_deleted_app_lets_nobody_in(org: Org) -> None:
    key = org.deployed()
    names = f"<type>ExternalClientApplication</type><fullNames>{APP}</fullNames>"
    org.soap(f"<deleteMetadata>{names}</deleteMetadata>")
    assert org.refused(key) == UNKNOWN
    for name in ("ExternalClientApplication", "SetupEntityAccess"):
        assert org.query(f"SELECT Id FROM {name}") == []


def test_an_app_that_is_made_again_has_another_key(org: Org) -> None:
    key = org.deployed()
    names = {kind: path.rpartition("/")[2].partition(".")[0] for kind, path in FILES.items()}
    del names["PermissionSet"]
    files = {"package.xml": package_xml({}), "destructiveChanges.xml": package_xml(names)}
    assert org.deploy(zipped(files))["status"] == "Succeeded"
    assert org.deployed() != key

"""What a deploy of an External Client App refuses, drops, keeps and makes."""

from __future__ import annotations

import re

import pytest

from provisioner.emulator.metadata.external_apps.scopes import KNOWN
from tests.emulator.external_apps.builders import (
    APP,
    ECA,
    FILES,
    GLOBAL,
    OAUTH,
    OAUTH_POLICY,
    POLICY,
    SET,
    app_zip,
    unzipped,
)
from tests.emulator.external_apps.conftest import Org, own_name, problems, second_org, value
from tests.emulator.metadata.builders import zipped

SETTINGS_MISSING = (
    "The external client app configured in your global OAuth Settings doesn't have a valid OAuth "
    "settings configuration"
)


def test_an_app_is_a_record_that_has_no_key(org: Org) -> None:
    org.deploy_app()
    [row] = org.query(
        "SELECT Id, DeveloperName, MasterLabel, ContactEmail, DistributionState, "
        "OrgScopedExternalApp FROM ExternalClientApplication"
    )
    assert row["Id"].startswith("0xI")
    assert (row["DeveloperName"], row["MasterLabel"]) == (APP, "Pool Login")
    assert (row["ContactEmail"], row["DistributionState"]) == ("admin@acme.example", "Local")
    assert row["OrgScopedExternalApp"] == f"{org.org.id[:15]}:{APP}"
    soql = "SELECT ConsumerKey FROM ExternalClientApplication"
    reply = org.call("GET", "query", params={"q": soql})
    assert reply.json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_generated_key_and_secret_look_like_those_of_salesforce(org: Org) -> None:
    org.deploy_app()
    text = org.retrieve(GLOBAL, f"{APP}_glbl")
    assert re.fullmatch(r"3MVG9[A-Za-z0-9._]{80}", value(text, "consumerKey"))
    assert re.fullmatch(r"[0-9A-F]{64}", value(text, "consumerSecret"))
    assert value(text, "certificate").strip() == org.keys.certificate.strip()


def test_a_retrieve_returns_what_the_org_holds_of_each_type(org: Org) -> None:
    org.deploy_app()
    assert value(org.retrieve(ECA, APP), "orgScopedExternalApp") == f"{org.org.id[:15]}:{APP}"
    oauth = org.retrieve(OAUTH, f"{APP}_oauth")
    assert value(oauth, "commaSeparatedOauthScopes") == "Api, RefreshToken, Web"
    assert value(oauth, "oauthLink").startswith(f"{org.org.id[:15]}:888")
    assert value(org.retrieve(OAUTH_POLICY, f"{APP}_op"), "commaSeparatedPermissionSet") == SET
    assert value(org.retrieve(POLICY, f"{APP}_plcy"), "isOauthPluginEnabled") == "true"


def test_the_types_are_listed(org: Org) -> None:
    org.deploy_app()
    for kind, name in ((ECA, APP), (GLOBAL, f"{APP}_glbl"), (POLICY, f"{APP}_plcy")):
        reply = org.soap(f"<listMetadata><queries><type>{kind}</type></queries></listMetadata>")
        assert value(reply.text, "fullName") == name


def test_a_requested_key_is_kept(org: Org) -> None:
    assert org.deployed({GLOBAL: {"consumerKey": "a" * 64}}) == "a" * 64
    assert org.grant("a" * 64).status_code == 200


def test_a_platform_may_replace_a_requested_key(org: Org) -> None:
    org.switch(requested_key="replaced")
    key = org.deployed({GLOBAL: {"consumerKey": "a" * 64}})
    assert key.startswith("3MVG9")
    assert org.grant(key).status_code == 200


def test_a_redeploy_with_another_key_succeeds_and_keeps_the_old_one(org: Org) -> None:
    key = org.deployed()
    result = org.deploy_app({**own_name(org), GLOBAL: {"consumerKey": "b" * 64}})
    assert result["status"] == "Succeeded"
    assert org.consumer_key() == key
    assert org.refused("b" * 64) == ("invalid_client_id", "client identifier invalid")


def test_a_key_is_rotated_only_by_a_deploy_that_ignores_warnings(org: Org) -> None:
    key = org.deployed()
    changes = {**own_name(org), GLOBAL: {"shouldRotateConsumerKey": "true"}}
    assert org.deploy_app(changes)["status"] == "Failed"
    zip_bytes = app_zip(org.keys.certificate, changes)
    assert org.deploy(zip_bytes, ignoreWarnings=True)["status"] == "Succeeded"
    assert org.consumer_key() != key
    assert org.refused(key) == ("invalid_client_id", "client identifier invalid")


def test_a_key_of_another_org_is_taken(org: Org) -> None:
    org.deployed({GLOBAL: {"consumerKey": "a" * 64}})
    other = second_org(org)
    result = other.deploy_app({GLOBAL: {"consumerKey": "a" * 64}})
    assert problems(result) == [(GLOBAL, "The consumer key is already taken")]
    assert other.query("SELECT Id FROM ExternalClientApplication") == []
    assert other.deployed().startswith("3MVG9")


@pytest.mark.parametrize(("frees", "status"), [("no", "Failed"), ("yes", "Succeeded")])
def test_whether_a_deleted_org_frees_its_key(org: Org, frees: str, status: str) -> None:
    org.switch(deleted_org_frees_key=frees)
    org.deployed({GLOBAL: {"consumerKey": "a" * 64}})
    other = second_org(org)
    org.org.end()
    assert other.deploy_app({GLOBAL: {"consumerKey": "a" * 64}})["status"] == status


def test_elements_out_of_order_are_dropped_and_another_one_is_blamed(org: Org) -> None:
    result = org.deploy_app(reverse=GLOBAL)
    problem = "Enter the name of the parent external client app"
    assert problems(result) == [(GLOBAL, problem)]


def test_a_dropped_element_may_not_be_noticed(org: Org) -> None:
    """`certificate` after `label` is not there; the login says so much later."""
    zip_bytes = app_zip(org.keys.certificate)
    assert org.deploy(_moved(zip_bytes))["status"] == "Succeeded"
    assert value(org.retrieve(GLOBAL, f"{APP}_glbl"), "certificate") == ""
    org.assign()
    assert org.refused(org.consumer_key()) == ("invalid_grant", "invalid assertion")


def _moved(zip_bytes: bytes) -> bytes:
    """The zip with the certificate at the end of its file."""
    files = unzipped(zip_bytes)
    path = FILES[GLOBAL]
    found = f"<certificate>{value(files[path], 'certificate')}</certificate>"
    files[path] = files[path].replace(found, "").replace(f"</{GLOBAL}>", f"{found}</{GLOBAL}>")
    return zipped(files)


def test_an_element_that_the_type_does_not_have_is_refused(org: Org) -> None:
    [(kind, text)] = problems(org.deploy_app({POLICY: {"isReallyEnabled": "true"}}))
    assert kind == POLICY
    assert text.endswith("isReallyEnabled invalid at this location in type " + POLICY)


@pytest.mark.parametrize("version", ["63.0", "67.0", "68.0"])
def test_jwt_access_tokens_are_for_rest_and_not_for_soap(org: Org, version: str) -> None:
    key = org.deployed({GLOBAL: {"isNamedUserJwtEnabled": "true"}}, version=version)
    body = org.grant(key).json()
    assert (body["token_format"], body["access_token"].count(".")) == ("jwt", 2)
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    url = f"{org.server.url}/services/data/v68.0/limits"
    assert org.http.get(url, headers=headers, timeout=30).status_code == 200
    reply = org.soap("<describeMetadata/>", body["access_token"])
    assert reply.status_code == 500
    assert "SOAP API does not support JWT-based access tokens" in reply.text
    form = {"token": body["access_token"]}
    org.http.post(f"{org.server.url}/services/oauth2/revoke", data=form, timeout=30)
    assert org.http.get(url, headers=headers, timeout=30).json()[0]["errorCode"] == (
        "INVALID_SESSION_ID"
    )


@pytest.mark.parametrize("version", ["64.0", "65.0", "66.0"])
def test_three_versions_do_not_have_jwt_access_tokens(org: Org, version: str) -> None:
    changes = {GLOBAL: {"isNamedUserJwtEnabled": "true"}}
    [(kind, text)] = problems(org.deploy_app(changes, version=version))
    assert kind == GLOBAL
    assert "isNamedUserJwtEnabled invalid at this location" in text


def test_the_types_need_api_60(org: Org) -> None:
    result = org.deploy_app(version="59.0")
    assert {text for _, text in problems(result)} == {
        "Not available for deploy for this API version"
    }
    assert org.deploy_app(version="60.0")["status"] == "Succeeded"


def test_global_settings_alone_are_refused_and_all_is_undone(org: Org) -> None:
    result = org.deploy_app(without=(OAUTH,))
    assert (GLOBAL, SETTINGS_MISSING) in problems(result)
    created = [one for one in result["details"]["componentSuccesses"] if one["fullName"] == APP]
    assert [one["created"] for one in created] == [True]
    assert org.query("SELECT Id FROM ExternalClientApplication") == []
    assert org.retrieve(ECA, APP) == ""


def test_a_part_of_an_app_that_is_not_there_is_a_wrong_reference(org: Org) -> None:
    [(kind, text)] = problems(org.deploy_app({OAUTH: {"externalClientApplication": "Othr"}}))[:1]
    assert kind == OAUTH
    assert text.startswith("INVALID_CROSS_REFERENCE_KEY")


def test_scopes_have_the_names_of_the_metadata(org: Org) -> None:
    changes = {OAUTH: {"commaSeparatedOauthScopes": "Api, refresh_token"}}
    text = dict(problems(org.deploy_app(changes)))[OAUTH]
    assert text.startswith("There's a problem with your scope(s): refresh_token")
    assert all(name in text for name in KNOWN)


def test_a_wrong_link_fails_the_deploy(org: Org) -> None:
    result = org.deploy_app({OAUTH: {"oauthLink": "00D000000000000:888000000000000"}})
    assert OAUTH in dict(problems(result))


def test_pkce_reverts_to_required(org: Org) -> None:
    org.deploy_app({GLOBAL: {"isPkceRequired": "false"}})
    assert value(org.retrieve(GLOBAL, f"{APP}_glbl"), "isPkceRequired") == "true"


def test_policies_that_are_left_out_let_no_jwt_in(org: Org) -> None:
    org.deploy_app(without=(POLICY, OAUTH_POLICY))
    text = org.retrieve(OAUTH_POLICY, f"{APP}_defaultPolicy")
    assert value(text, "permittedUsersPolicyType") == "AllSelfAuthorized"
    assert value(text, "refreshTokenValidityPeriod") == "365"
    assert value(org.retrieve(POLICY, f"{APP}_defaultPolicy"), "isEnabled") == "true"
    org.assign()
    refused = org.refused(org.consumer_key())
    assert refused == ("invalid_grant", "user hasn't approved this consumer")


def test_a_value_of_the_user_interface_is_none_of_the_metadata(org: Org) -> None:
    changes = {OAUTH_POLICY: {"permittedUsersPolicyType": "AdminApproved"}}
    text = "'AdminApproved' is not a valid value for the enum 'PermittedUsersPolicyType'"
    assert problems(org.deploy_app(changes)) == [(OAUTH_POLICY, text)]


def test_a_permission_set_that_does_not_exist_is_named(org: Org) -> None:
    result = org.deploy_app({OAUTH_POLICY: {"commaSeparatedPermissionSet": "Nobody"}})
    assert "no PermissionSet named Nobody found" in dict(problems(result))[OAUTH_POLICY]


def test_a_redeploy_names_the_app_by_its_org(org: Org) -> None:
    key = org.deployed()
    for wrong in (None, "x", f"{org.world.hub.id}:{APP}", f"{org.org.id}:Other"):
        result = org.deploy_app({ECA: {"orgScopedExternalApp": wrong}})
        assert dict(problems(result))[ECA], wrong
    for right in (org.org.id, org.org.id[:15]):
        result = org.deploy_app({ECA: {"orgScopedExternalApp": f"{right}:{APP}"}})
        assert result["status"] == "Succeeded", problems(result)
    assert org.consumer_key() == key


def test_files_of_another_org_make_a_new_app(org: Org) -> None:
    name = f"{org.world.hub.id}:{APP}"
    assert org.deploy_app({ECA: {"orgScopedExternalApp": name}})["status"] == "Succeeded"
    assert value(org.retrieve(ECA, APP), "orgScopedExternalApp") == f"{org.org.id[:15]}:{APP}"
    placeholder = {ECA: {"orgScopedExternalApp": f"00D-XXXXXXXXXXXXXX:{APP}"}}
    assert second_org(org).deploy_app(placeholder)["status"] == "Failed"


def test_a_redeploy_keeps_the_id_of_the_app(org: Org) -> None:
    org.deployed()
    first = org.app_id()
    org.deploy_app(own_name(org))
    assert org.app_id() == first
    assert len(org.query("SELECT Id FROM SetupEntityAccess")) == 1


def test_a_new_id_makes_the_old_access_stale(org: Org) -> None:
    org.switch(new_app_id_on_redeploy="yes", setup_entity_access="inserted")
    org.deploy_app()
    key, first = org.consumer_key(), org.app_id()
    org.assign()
    [parent] = org.query(f"SELECT Id FROM PermissionSet WHERE Name = '{SET}'")

    def link() -> None:
        row = {"ParentId": parent["Id"], "SetupEntityId": org.app_id()}
        assert org.call("POST", "sobjects/SetupEntityAccess", json=row).status_code == 201

    link()
    assert org.grant(key).status_code == 200
    org.deploy_app(own_name(org))
    assert org.app_id() != first
    assert org.refused(key)[0] == "invalid_app_access"
    link()
    assert org.grant(key).status_code == 200
    assert len(org.query("SELECT Id FROM SetupEntityAccess")) == 2


def test_the_type_of_an_access_row_is_derived_and_read_only(org: Org) -> None:
    org.deployed()
    [row] = org.query("SELECT SetupEntityType, SetupEntityId FROM SetupEntityAccess")
    assert row["SetupEntityType"] == "ExternalClientApplication"
    values = {"SetupEntityId": org.app_id(), "SetupEntityType": "ExternalClientApplication"}
    reply = org.call("POST", "sobjects/SetupEntityAccess", json=values)
    assert reply.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_validation_installs_nothing(org: Org) -> None:
    result = org.deploy(app_zip(org.keys.certificate), checkOnly=True)
    assert result["status"] == "Succeeded"
    assert set(org.org.apps) == {"PlatformCLI"}


def test_a_certificate_that_is_none_is_refused(org: Org) -> None:
    result = org.deploy_app({GLOBAL: {"certificate": "MIIC"}})
    assert GLOBAL in dict(problems(result))


def test_two_apps_of_one_org_have_keys_of_their_own(org: Org) -> None:
    key = org.deployed()
    files = unzipped(app_zip(org.keys.certificate))
    other = {path: text.replace(APP, "Second") for path, text in files.items()}
    other = {path.replace(APP, "Second"): text for path, text in other.items()}
    assert org.deploy(zipped(other))["status"] == "Succeeded"
    org.assign("Second_Users")
    second = value(org.retrieve(GLOBAL, "Second_glbl"), "consumerKey")
    assert second != key
    assert org.grant(second).status_code == org.grant(key).status_code == 200

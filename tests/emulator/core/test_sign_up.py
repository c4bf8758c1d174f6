"""ScratchOrgInfo: from the request to an org, or to an error code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from provisioner.emulator.apps import app_from_certificate
from provisioner.emulator.ids import to_15
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.emulator.core.conftest import DEFINITION, Client


def test_a_sign_up_passes_through_its_states_and_brings_an_org(hub: Client) -> None:
    reply = hub.call("POST", "sobjects/ScratchOrgInfo/", json=DEFINITION)
    assert reply.status_code == 201
    request = reply.json()["id"]
    assert reply.json() == {"id": request, "success": True, "errors": []}
    assert request.startswith("2SR")
    record = hub.read("ScratchOrgInfo", request)
    assert (record["Status"], record["ScratchOrg"]) == ("New", None)
    username = record["SignupUsername"]
    assert username.startswith("test-"), "known before the org is"
    states = []
    for _ in range(4):
        hub.world.clock.advance(1000)
        states.append(hub.read("ScratchOrgInfo", request)["Status"])
    assert states == ["Creating", "Active", "Active", "Active"]


def test_time_alone_does_not_skip_a_state(hub: Client) -> None:
    request = hub.create("ScratchOrgInfo", **DEFINITION)
    hub.world.clock.advance(7000)
    found = hub.query(f"SELECT Status FROM ScratchOrgInfo WHERE Id = '{request}'")
    assert [one["Status"] for one in found] == ["Creating"]


def test_a_request_is_one_poll_however_often_it_reads(hub: Client) -> None:
    hub.world.latencies.override({"signup": 0})
    request = hub.create("ScratchOrgInfo", **DEFINITION)
    read = {"method": "GET", "url": f"v68.0/sobjects/ScratchOrgInfo/{request}?fields=Status"}
    reply = hub.call("POST", "composite/batch", json={"batchRequests": [read, read, read]})
    states = [one["result"]["Status"] for one in reply.json()["results"]]
    assert states == ["Creating"] * 3
    assert hub.read("ScratchOrgInfo", request)["Status"] == "Active"


def test_the_record_of_an_active_org_says_how_to_reach_it(hub: Client) -> None:
    record = hub.sign_up(DurationDays=3, AdminEmail="me@acme.example", Features="Communities")
    org = hub.world.org(record["ScratchOrg"])
    assert org is not None
    assert record["ScratchOrg"] == to_15(org.id)
    assert record["LoginUrl"] == hub.url
    assert record["SignupInstance"] == "USA1234S"
    assert record["SignupEmail"] == "me@acme.example"
    assert record["Username"] is None
    assert record["SignupUsername"].startswith("test-")
    assert record["AuthCode"]
    assert record["ErrorCode"] is None
    expires = hub.world.now() + timedelta(days=3)
    assert record["ExpirationDate"] == expires.date().isoformat()
    assert org.features == ("Communities",)


def test_an_active_org_has_a_row_of_its_own(hub: Client) -> None:
    record = hub.sign_up(Description="pool morning")
    soql = f"SELECT FIELDS(ALL) FROM ActiveScratchOrg WHERE ScratchOrgInfoId = '{record['Id']}'"
    active = hub.query(f"{soql} LIMIT 2")
    assert len(active) == 1
    for name in ("ScratchOrg", "SignupUsername", "ExpirationDate", "Description", "OrgName"):
        assert active[0][name] == record[name]


def test_the_username_that_was_asked_for_is_the_one(hub: Client) -> None:
    record = hub.sign_up(Username="Morning-1@Acme.Example")
    assert record["Username"] == record["SignupUsername"] == "morning-1@acme.example"


def test_field_names_are_taken_in_any_case(hub: Client) -> None:
    request = hub.create("scratchorginfo", **{key.lower(): val for key, val in DEFINITION.items()})
    assert hub.read("ScratchOrgInfo", request)["OrgName"] == "Company"


def test_a_scratch_org_is_known_by_its_organization(scratch: Client, hub: Client) -> None:
    soql = "SELECT Id, IsSandbox, TrialExpirationDate, OrganizationType FROM Organization"
    [org] = scratch.query(soql)
    assert org["IsSandbox"] is True
    assert org["TrialExpirationDate"] is not None
    assert org["OrganizationType"] == "Developer Edition"
    [own] = hub.query(soql)
    assert (own["IsSandbox"], own["TrialExpirationDate"]) == (False, None)


def test_a_new_organization_has_the_defaults_of_the_platform(scratch: Client) -> None:
    """As CumulusCI recorded them."""
    record = scratch.read("Organization", scratch.query("SELECT Id FROM Organization")[0]["Id"])
    assert (record["FiscalYearStartMonth"], record["UiSkin"]) == (1, "Theme3")
    assert (record["DefaultAccountAccess"], record["DefaultLeadAccess"]) == (
        "Edit",
        "ReadEditTransfer",
    )
    assert record["Address"]["country"] == record["Country"] == "US"


def test_the_release_is_the_current_one_if_none_is_asked_for(hub: Client) -> None:
    """As in the JSON of `sf org create scratch`, API 62.0."""
    assert hub.sign_up()["Release"] == "Current"


def test_the_admin_is_user_user(scratch: Client) -> None:
    [user] = scratch.query("SELECT Name, Alias, Profile.Name, IsActive FROM User")
    assert (user["Name"], user["Alias"]) == ("User User", "UUser")
    assert user["Profile"]["Name"] == "System Administrator"


def test_a_scratch_org_is_no_dev_hub(scratch: Client) -> None:
    reply = scratch.call("GET", "query", params={"q": "SELECT Id FROM ScratchOrgInfo limit 1"})
    assert scratch.refusal(reply)[:2] == (400, "INVALID_TYPE")
    reply = scratch.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert scratch.refusal(reply) == (404, "NOT_FOUND", "The requested resource does not exist")


def test_a_hub_may_be_no_dev_hub(key_pair: KeyPair) -> None:
    world = World(certificate=key_pair.certificate, is_dev_hub=False)
    with EmulatorServer(world) as server:
        client = Client(server, key_pair.private_key)
        client.login()
        reply = client.call("GET", "query", params={"q": "SELECT COUNT() FROM ScratchOrgInfo"})
        assert client.refusal(reply)[:2] == (400, "INVALID_TYPE")
        assert "ActiveScratchOrgs" not in client.call("GET", "limits").json()
        client.http.close()


def test_orgs_are_worlds_of_their_own(hub: Client, new_client: Callable[[], Client]) -> None:
    first, second = new_client(), new_client()
    first.login(hub.sign_up()["SignupUsername"])
    second.login(hub.sign_up()["SignupUsername"])
    account = first.create("Account", Name="Only here")
    assert first.read("Account", account)["Name"] == "Only here"
    assert second.query("SELECT Id FROM Account WHERE Name = 'Only here'") == []
    assert second.call("GET", f"sobjects/Account/{account}").status_code == 404


def test_the_ids_of_orgs_compare_with_case(hub: Client) -> None:
    """`00D…6T` is not `00D…6t`: a client deletes the row that it finds by ScratchOrg."""
    org_id = hub.sign_up()["ScratchOrg"]
    store = hub.world.hub.store
    other = org_id[:14] + org_id[14].swapcase()
    assert other != org_id
    twin = store.add("ActiveScratchOrg", {"ScratchOrg": other})
    for condition in (f"= '{other}'", f"IN ('{other}')"):
        rows = hub.query(f"SELECT Id FROM ActiveScratchOrg WHERE ScratchOrg {condition}")
        assert [one["Id"] for one in rows] == [twin]


def test_a_new_org_has_an_account_of_its_user(scratch: Client) -> None:
    """Source: docs/reference/data.md#records-of-a-new-org."""
    [account] = scratch.query("SELECT Name, CreatedBy.Username FROM Account")
    [user] = scratch.query("SELECT Username FROM User")
    assert account["Name"] == "Sample Account for Entitlements"
    assert account["CreatedBy"]["Username"] == user["Username"]


def test_sample_data_comes_when_asked_for(hub: Client, new_client: Callable[[], Client]) -> None:
    client = new_client()
    client.login(hub.sign_up(HasSampleData=True)["SignupUsername"])
    assert len(client.query("SELECT Id FROM Account")) > 2


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({"Edition": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Edition]"),
        ({"OrgName": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [OrgName]"),
        (
            {"ConnectedAppCallbackUrl": None, "ConnectedAppConsumerKey": None},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [ConnectedAppCallbackUrl, ConnectedAppConsumerKey]",
        ),
        (
            {"Edition": "Ultimate"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Edition: bad value for restricted picklist field: Ultimate",
        ),
        (
            {"DurationDays": 31},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Duration Days: value outside of valid range on numeric field: 31",
        ),
        (
            {"Release": "Preview"},
            "INVALID_SIGNUP_OPTION",
            "The Preview release can't be used outside of the preview period.",
        ),
        (
            {"Snapshot": "Base"},
            "INVALID_SIGNUP_OPTION",
            "You can't specify Edition when Snapshot is specified.",
        ),
        (
            {"Settings": "{}"},
            "INVALID_FIELD",
            "No such column 'Settings' on sobject of type ScratchOrgInfo",
        ),
    ],
)
def test_what_a_sign_up_lacks_is_refused_at_once(
    hub: Client, values: dict[str, Any], code: str, message: str
) -> None:
    reply = hub.call("POST", "sobjects/ScratchOrgInfo", json={**DEFINITION, **values})
    assert hub.refusal(reply) == (400, code, message)
    assert hub.query("SELECT Id FROM ScratchOrgInfo") == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Namespace": "acme"}, "S-1017"),
        ({"Namespace": "1acme"}, "S-1026"),
        ({"AdminEmail": "nobody"}, "S-1006"),
        ({"Country": "XX"}, "S-2006"),
        ({"Username": "hub@acme.example"}, "C-1007"),
        ({"ConnectedAppConsumerKey": "3MVG9Unknown"}, "C-1016"),
        ({"Edition": None, "Snapshot": "None"}, "T-0002"),
        ({"Edition": None, "SourceOrg": "00D000000000001"}, "SH-0002"),
    ],
)
def test_what_is_found_out_later_ends_in_an_error_code(
    hub: Client, values: dict[str, Any], code: str
) -> None:
    record = hub.sign_up(**values)
    assert (record["Status"], record["ErrorCode"], record["ScratchOrg"]) == ("Error", code, None)
    assert hub.query("SELECT Id FROM ActiveScratchOrg") == []


def test_a_namespace_of_the_hub_is_taken(hub: Client) -> None:
    hub.world.hub.store.add("NamespaceRegistry", {"NamespacePrefix": "acme"})
    assert hub.sign_up(Namespace="acme")["Status"] == "Active"


@pytest.mark.parametrize("kind", ["external", "expired"])
def test_an_app_that_cannot_be_replicated_fails_at_once(hub: Client, kind: str) -> None:
    if kind == "expired":
        app = app_from_certificate("3MVG9Bad", make_key_pair(days=-1).certificate)
    else:
        app = app_from_certificate("3MVG9Bad", make_key_pair().certificate, kind="external")
    hub.world.register_app(app)
    request = hub.create("ScratchOrgInfo", **{**DEFINITION, "ConnectedAppConsumerKey": "3MVG9Bad"})
    hub.world.clock.advance(60)
    record = hub.read("ScratchOrgInfo", request)
    assert (record["Status"], record["ErrorCode"]) == ("Error", "C-1016")


def test_of_two_sign_ups_for_one_username_the_second_fails(hub: Client) -> None:
    values = {**DEFINITION, "Username": "twin@acme.example"}
    first, second = hub.create("ScratchOrgInfo", **values), hub.create("ScratchOrgInfo", **values)
    for _ in range(3):
        hub.world.clock.advance(1000)
        records = [hub.read("ScratchOrgInfo", one) for one in (first, second)]
    assert [one["Status"] for one in records] == ["Active", "Error"]
    assert records[1]["ErrorCode"] == "C-1007"


def test_the_username_of_a_deleted_org_stays_taken(hub: Client) -> None:
    hub.sign_up(Username="once@acme.example")
    [active] = hub.query("SELECT Id FROM ActiveScratchOrg")
    hub.call("DELETE", f"sobjects/ActiveScratchOrg/{active['Id']}")
    assert hub.sign_up(Username="once@acme.example")["ErrorCode"] == "C-1007"


def test_only_description_and_owner_may_be_changed_later(hub: Client) -> None:
    record = hub.sign_up()
    path = f"sobjects/ScratchOrgInfo/{record['Id']}"
    assert hub.call("PATCH", path, json={"Description": "mine"}).status_code == 204
    assert hub.read("ScratchOrgInfo", record["Id"])["Description"] == "mine"
    for name, value in (("OrgName", "x"), ("DurationDays", 9), ("Status", "Deleted")):
        reply = hub.call("PATCH", path, json={name: value})
        assert hub.refusal(reply)[:2] == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
        assert reply.json()[0]["fields"] == [name]


def test_an_active_scratch_org_cannot_be_inserted(hub: Client) -> None:
    reply = hub.call("POST", "sobjects/ActiveScratchOrg", json={"Description": "x"})
    assert hub.refusal(reply)[:2] == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def test_the_description_cannot_be_filtered_by(hub: Client) -> None:
    soql = "SELECT Id FROM ScratchOrgInfo WHERE Description = 'x'"
    reply = hub.call("GET", "query", params={"q": soql})
    assert hub.refusal(reply)[:2] == (400, "INVALID_FIELD")


def test_a_fault_ends_a_sign_up_in_its_code(hub: Client) -> None:
    hub.world.faults.add(
        {"when": {"operation": "signup"}, "then": {"do": "error", "error": "C-9999"}}
    )
    assert hub.sign_up()["ErrorCode"] == "C-9999"
    assert hub.sign_up()["Status"] == "Active"

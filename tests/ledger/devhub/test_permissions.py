"""Consumers claim with little; what is missing in the Dev Hub is named; builders alone build."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.errors import LedgerError, LoginError
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.devhub.errors import RefusedError
from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import NOW, add_available, moved, run

from .hub import CONSUMER, LedgerHub


@pytest.fixture
def consumer(hub: LedgerHub, ledger: DevhubLedger) -> DevhubLedger:
    """The ledger, with one available org, as somebody who may claim and no more."""
    add_available(ledger, "a@acme.example")
    hub.add_user()
    hub.install(consumers=[CONSUMER])
    return hub.open(CONSUMER)


def refused(call: Callable[[], object]) -> LedgerError:
    """The error that a call gives."""
    with pytest.raises(LedgerError) as caught:
        call()
    assert caught.value.exit_code == 2
    return caught.value


def test_a_hub_without_the_ledger_says_how_to_get_it(bare_hub: LedgerHub) -> None:
    error = refused(bare_hub.open().orgs)
    assert error.code == "hub_not_installed"
    assert error.message == (
        "the Dev Hub of hub@acme.example has no ledger, or the user lacks the permission set "
        "Provisioner_Consumer (INVALID_TYPE: sObject type 'Provisioner_Org__c' is not supported)"
    )
    assert error.hint == "ask an administrator of the Dev Hub to run: provisioner hub install"


def test_a_user_without_permission_gets_its_name(hub: LedgerHub, ledger: DevhubLedger) -> None:
    add_available(ledger, "a@acme.example")
    hub.add_user()
    stranger = hub.open(CONSUMER)
    error = refused(lambda: stranger.claim(Claim("ann"), now=NOW))
    assert error.code == "hub_permission"
    assert error.message.startswith(
        f"the Dev Hub user {CONSUMER} lacks the permission set Provisioner_Consumer ("
    )
    assert error.hint.endswith(f"provisioner hub install --consumer {CONSUMER}")


def test_the_error_of_an_administrator_says_that_fields_are_hidden(bare_hub: LedgerHub) -> None:
    """A deploy of metadata gives its fields to nobody."""
    bare_hub.install(builders=[])
    error = refused(bare_hub.open().orgs)
    assert error.code == "hub_permission"
    assert "lacks the permission set Provisioner_Consumer" in error.message
    assert "INVALID_FIELD: No such column" in error.message


def test_a_field_that_the_hub_lacks_wants_a_new_install(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    hub.world.hub.store.remove_field("Provisioner_Org__c", "Held_Key__c")
    error = refused(ledger.orgs)
    assert error.code == "hub_outdated"
    assert "No such column 'Held_Key__c'" in error.message
    assert error.hint.endswith("provisioner hub install")


def test_a_consumer_claims_proves_renews_and_releases(consumer: DevhubLedger) -> None:
    org = consumer.claim(Claim("ann", purpose="demo", idempotency_key="job-1"), now=NOW)
    assert org is not None
    proven = consumer.change(org, proven_at=NOW)
    assert proven is not None
    renewed = consumer.change(proven, lease_until=NOW + timedelta(hours=1))
    assert renewed is not None
    back = moved(consumer, renewed, State.AVAILABLE, owner="", idempotency_key="")
    again = consumer.claim(Claim("bob"), now=NOW)
    assert again is not None
    assert again.fence == 2
    released = moved(consumer, again, State.RELEASED, lease_until=None)
    assert consumer.get(back.username) == released
    assert [event.to_state for event in consumer.events(username=org.username)][-4:] == [
        "claimed",
        "available",
        "claimed",
        "released",
    ]
    assert consumer.runs() == []


def test_a_consumer_quarantines_a_dead_org(consumer: DevhubLedger) -> None:
    org = consumer.get("a@acme.example")
    assert org is not None
    assert moved(consumer, org, State.EXPIRED, error="quarantined").state is State.EXPIRED


FORBIDDEN: dict[str, Callable[[DevhubLedger, Org], object]] = {
    "add a row": lambda ledger, _: ledger.add(Org("b@acme.example", "morning")),
    "restore one": lambda ledger, _: ledger.restore(Org("b@acme.example", "morning"), note="x"),
    "give an org a longer life": lambda ledger, org: ledger.change(
        org, expires_at=NOW + timedelta(days=9)
    ),
    "open another org under its name": lambda ledger, org: ledger.change(
        org, login_url="https://evil.example"
    ),
    "record a run": lambda ledger, _: ledger.finish_run(run()),
    "take the lock of builds": lambda ledger, _: ledger.builder_lock(run(), wait=False).__enter__(),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_consumer_may_not(consumer: DevhubLedger, what: str) -> None:
    org = consumer.get("a@acme.example")
    assert org is not None
    error = refused(lambda: FORBIDDEN[what](consumer, org))
    assert error.code == "hub_permission"
    assert f"{CONSUMER} lacks the permission set Provisioner_Builder" in error.message
    assert error.hint.endswith(f"provisioner hub install --builder {CONSUMER}")
    assert consumer.get(org.username) == org
    assert len(consumer.orgs()) == 1


def test_a_consumer_signs_no_org_up_and_ends_none(hub: LedgerHub, consumer: DevhubLedger) -> None:
    session = consumer.session
    for method, path in (
        ("POST", "/services/data/v60.0/sobjects/ScratchOrgInfo"),
        ("GET", "/services/data/v60.0/sobjects/ActiveScratchOrg/2SA000000000001AAA"),
        ("DELETE", "/services/data/v60.0/sobjects/ActiveScratchOrg/2SA000000000001AAA"),
    ):
        with pytest.raises(RefusedError, match="NOT_FOUND"):
            session.call(method, path, {} if method == "POST" else None)


def test_a_consumer_deletes_nothing(hub: LedgerHub, consumer: DevhubLedger) -> None:
    for type_name in ("Provisioner_Org__c", "Provisioner_Event__c"):
        path = f"/services/data/v60.0/sobjects/{type_name}/{hub.records(type_name)[0]['Id']}"
        with pytest.raises(RefusedError, match="INSUFFICIENT_ACCESS_OR_READONLY"):
            consumer.session.call("DELETE", path)


def test_a_builder_need_be_no_administrator(hub: LedgerHub) -> None:
    hub.add_user("builder@acme.example")
    hub.install(builders=["builder@acme.example"])
    ledger = hub.open("builder@acme.example")
    with ledger.builder_lock(run(), wait=False):
        org = add_available(ledger, "a@acme.example")
    assert ledger.claim(Claim("ann"), now=NOW) is not None
    assert hub.open().get(org.username) is not None
    fields = {"OrgName": "x", "Edition": "Developer", "ConnectedAppConsumerKey": "k"}
    fields |= {"ConnectedAppCallbackUrl": "http://localhost:1717/OauthRedirect"}
    path = "/services/data/v60.0/sobjects/ScratchOrgInfo"
    assert ledger.session.call("POST", path, fields)["success"]


def test_a_consumer_releases_what_a_builder_owns(hub: LedgerHub, consumer: DevhubLedger) -> None:
    """Rows are owned by the user that built them, and shared for reading and writing."""
    [row] = hub.records("Provisioner_Org__c")
    assert row["OwnerId"] == hub.world.hub.admin_id
    org = consumer.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert consumer.move(org, State.RELEASED) is not None


def test_a_refused_login_is_an_error_of_the_login(hub: LedgerHub) -> None:
    ledger = hub.open("nobody@acme.example")
    with pytest.raises(LoginError) as caught:
        ledger.orgs()
    assert caught.value.exit_code == 5


def test_a_login_refused_later_is_the_ledgers_trouble_and_no_orgs(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """A build takes a LoginError for the fault of the org that it works on."""
    ledger.orgs()
    hub.world.sessions.end_of_org(hub.world.hub)
    hub.world.hub.apps.clear()
    assert refused(ledger.orgs).code == "ledger_login"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "api_limit"),
        (400, "STORAGE_LIMIT_EXCEEDED", "hub_storage"),
        (400, "SOME_NEW_CODE", "ledger"),
    ],
)
def test_what_the_hub_has_too_little_of_is_said(
    hub: LedgerHub, ledger: DevhubLedger, status: int, code: str, expected: str
) -> None:
    answer = {"do": "answer", "status": status, "error": code, "message": "TotalRequests Limit"}
    hub.emulated.fault({"route": "composite"}, answer, times=0)
    error = refused(lambda: ledger.add(Org("a@acme.example", "morning")))
    assert error.code == expected
    assert error.message.startswith("the ledger on the Dev Hub hub@acme.example: ")
    assert "Traceback" not in error.message


def test_a_row_that_an_older_version_wrote_is_read_and_changed(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    org = add_available(ledger, "a@acme.example")
    (row,) = hub.records("Provisioner_Org__c")
    build = json.loads(row["Build__c"])
    del build["step_since"], build["active_at"], build["snapshot"]
    older = {"Build__c": json.dumps(build)}
    hub.world.hub.store.set_fields("Provisioner_Org__c", row["Id"], older)
    assert ledger.get(org.username) == org
    changed = ledger.change(org, active_at=NOW)
    assert ledger.get(org.username) == changed


def test_a_step_state_keeps_the_key_that_earlier_versions_read(
    hub: LedgerHub, ledger: DevhubLedger
) -> None:
    """A version without `step_state` would take a row that lacks `request_id` for broken."""
    org = Org("a@acme.example", "morning", step_state="0Hf000000000001AAA")
    ledger.add(org)
    (row,) = hub.records("Provisioner_Org__c")
    build = json.loads(row["Build__c"])
    assert (build["request_id"], build["ledger"]) == ("0Hf000000000001AAA", 1)
    assert "step_state" not in build
    assert ledger.get(org.username) == org


def test_a_ledger_of_a_newer_version_is_refused(hub: LedgerHub, ledger: DevhubLedger) -> None:
    add_available(ledger, "a@acme.example")
    [row] = hub.records("Provisioner_Org__c")
    newer = row["Build__c"].replace('"ledger":1', '"ledger":2')
    hub.world.hub.store.set_fields("Provisioner_Org__c", row["Id"], {"Build__c": newer})
    error = refused(ledger.orgs)
    assert error.code == "ledger_newer"
    assert "its version is 2, this provisioner supports up to 1" in error.message


@pytest.mark.parametrize(
    ("field", "value"), [("Claim__c", "{"), ("State__c", "lost"), ("Build__c", None)]
)
def test_a_record_that_somebody_edited_is_reported(
    hub: LedgerHub, ledger: DevhubLedger, field: str, value: str | None
) -> None:
    org = add_available(ledger, "a@acme.example")
    [row] = hub.records("Provisioner_Org__c")
    hub.world.hub.store.set_fields("Provisioner_Org__c", row["Id"], {field: value})
    error = refused(lambda: ledger.get(org.username))
    assert error.code == "ledger_corrupt"
    assert row["Id"] in error.message


def test_a_closed_ledger_says_so(ledger: DevhubLedger) -> None:
    ledger.orgs()
    ledger.close()
    ledger.close()
    assert "is already closed" in refused(ledger.orgs).message

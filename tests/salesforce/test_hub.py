"""The Dev Hub: sign-ups, what is known of them, their end, and its limits."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator.world import Limits
from provisioner.errors import ErrorKind, HubLimitError, SalesforceError
from provisioner.salesforce.active_orgs import active_orgs
from provisioner.salesforce.hub import HubLimits, SignUp, SignUpStatus
from tests.salesforce.world import CONSUMER_KEY, HUB_USER, Emulated

DEFINITION = {"edition": "Developer", "features": ["API"]}


def request(username: str, **options: Any) -> SignUp:
    wanted = {"definition": DEFINITION, "consumer_key": CONSUMER_KEY, "duration_days": 3}
    return SignUp(username=username, **{**wanted, **options})


def settled(emulated: Emulated, username: str) -> SignUpStatus:
    """The status of a sign-up that is over; each poll advances it by one."""
    hub = emulated.hub()
    while (status := hub.signups([], [username])[0]).status in ("New", "Creating"):
        assert status.username == username
    return status


def test_a_dev_hub_tells_its_limits(emulated: Emulated) -> None:
    hub = emulated.hub()
    assert hub.limits() == HubLimits(40, 40, 80, 80, active_snapshots=40, daily_snapshots=40)


def test_a_sign_up_becomes_an_org_that_its_username_enters(emulated: Emulated) -> None:
    hub = emulated.hub()
    signup_id = hub.sign_up(request("Morning-1@acme.example", ownership_tag='{"mine": 1}'))
    assert signup_id.startswith("2SR")
    status = settled(emulated, "morning-1@acme.example")
    assert (status.id, status.status, status.error_code) == (signup_id, "Active", "")
    assert len(status.org_id) == 18
    assert status.login_url == emulated.server.url
    assert status.expiration_date is not None
    assert emulated.sign_in("morning-1@acme.example").org_id == status.org_id
    (active,) = active_orgs(hub)
    assert active.sign_up == status
    assert active.description == '{"mine": 1}'


def test_many_sign_ups_are_one_query_by_id_and_username(emulated: Emulated) -> None:
    hub = emulated.hub()
    ids = [hub.sign_up(request(f"m-{n}@acme.example")) for n in range(4)]
    before = emulated.requests("query")
    names = ["m-0@acme.example", "m-3@acme.example", "never@acme.example"]
    found = hub.signups(ids[:3], names)
    assert sorted(status.id for status in found) == sorted(ids)
    assert emulated.requests("query") - before == 1


def test_nothing_to_ask_is_no_request(emulated: Emulated) -> None:
    hub = emulated.hub()
    before = len(emulated.world.log.entries())
    assert hub.signups([], []) == []
    assert hub.delete_orgs([]) == {}
    assert len(emulated.world.log.entries()) == before


def test_a_username_may_hold_quotes(emulated: Emulated) -> None:
    assert emulated.hub().signups([], ["o'hara' OR Id != '@acme.example"]) == []


def test_a_sign_up_that_fails_tells_its_code(emulated: Emulated) -> None:
    emulated.fault({"operation": "signup"}, {"do": "error", "error": "C-1015"})
    emulated.hub().sign_up(request("bad@acme.example"))
    status = settled(emulated, "bad@acme.example")
    assert (status.status, status.error_code, status.org_id) == ("Error", "C-1015", "")


@pytest.mark.parametrize(
    ("limits", "code", "text"),
    [
        (Limits(active=1), "active_limit", "The Dev Hub's active scratch org limit is reached"),
        (Limits(daily=1), "daily_limit", "The Dev Hub's daily scratch org limit is reached"),
    ],
)
def test_a_limit_is_named(limits: Limits, code: str, text: str) -> None:
    with Emulated(limits=limits) as emulated:
        hub = emulated.hub()
        hub.sign_up(request("one@acme.example"))
        with pytest.raises(HubLimitError, match=text) as caught:
            hub.sign_up(request("two@acme.example"))
    assert (caught.value.code, caught.value.exit_code) == (code, 4)
    assert caught.value.hint
    assert HUB_USER in caught.value.message


def test_the_hubs_allowance_of_requests_is_a_limit_too(emulated: Emulated) -> None:
    hub = emulated.hub()
    emulated.fault({"org": "hub"}, {"do": "answer", "status": 403, "message": "TotalRequests"})
    with pytest.raises(HubLimitError, match="API request limit is reached") as caught:
        hub.limits()
    assert caught.value.code == "api_limit"


def test_what_the_hub_refuses_is_said_with_its_fields(emulated: Emulated) -> None:
    with pytest.raises(SalesforceError, match="ScratchOrgInfo: HTTP 400") as caught:
        emulated.hub().sign_up(request("x@acme.example", definition={"edition": "Nonsense"}))
    assert caught.value.error_code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert "Edition" in caught.value.message


def test_a_lost_answer_leaves_a_sign_up_that_its_username_finds(emulated: Emulated) -> None:
    hub = emulated.hub()
    emulated.fault({"path": "ScratchOrgInfo", "method": "POST"}, {"do": "reset", "at": "after"})
    with pytest.raises(SalesforceError, match="the answer was lost") as caught:
        hub.sign_up(request("lost@acme.example"))
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert [status.username for status in hub.signups([], ["lost@acme.example"])] == [
        "lost@acme.example"
    ]


def test_deleting_ends_orgs_by_username_and_by_id_once(emulated: Emulated) -> None:
    hub = emulated.hub()
    for n in range(3):
        hub.sign_up(request(f"d-{n}@acme.example"))
    orgs = [settled(emulated, f"d-{n}@acme.example") for n in range(3)]
    names = ["d-0@acme.example", orgs[1].org_id, "unknown@acme.example"]
    assert hub.delete_orgs(names) == {}
    assert [org.username for org in active_orgs(hub)] == ["d-2@acme.example"]
    assert hub.delete_orgs(names) == {}
    assert hub.delete_orgs(["D-2@acme.example"]) == {}
    assert active_orgs(hub) == []


def test_a_deletion_that_is_refused_is_named(emulated: Emulated) -> None:
    hub = emulated.hub()
    hub.sign_up(request("keep@acme.example"))
    settled(emulated, "keep@acme.example")
    refusal = {"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "not yours"}
    results = [{"id": "x", "success": False, "errors": [refusal]}]
    behaviour = {"do": "answer", "status": 200, "body": results}
    emulated.fault({"method": "DELETE"}, behaviour)
    assert hub.delete_orgs(["keep@acme.example"]) == {"keep@acme.example": "not yours"}

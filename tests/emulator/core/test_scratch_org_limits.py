"""The Dev Hub's allowances: counted exactly, refused in the platform's words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.emulator.core.conftest import DEFINITION, Client

ACTIVE = (
    "The signup request failed because this organization has reached its active scratch org limit"
)
DAILY = (
    "The signup request failed because this organization has reached its daily scratch org "
    "signup limit"
)


def _limits(client: Client, name: str) -> tuple[int, int]:
    found = client.call("GET", "limits/").json()[name]
    return found["Max"], found["Remaining"]


def test_limits_are_listed(hub: Client) -> None:
    hub.world.limits.active, hub.world.limits.daily = 3, 6
    assert _limits(hub, "ActiveScratchOrgs") == (3, 3)
    hub.sign_up()
    assert _limits(hub, "ActiveScratchOrgs") == (3, 2)
    assert _limits(hub, "DailyScratchOrgs") == (6, 5)


def test_no_more_orgs_than_the_active_limit(hub: Client) -> None:
    hub.world.limits.active = 2
    hub.sign_up()
    hub.create("ScratchOrgInfo", **DEFINITION)  # still in progress: it counts, too
    reply = hub.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert hub.refusal(reply) == (400, "LIMIT_EXCEEDED", ACTIVE)


def test_a_deleted_org_frees_its_active_place_but_not_its_daily_one(hub: Client) -> None:
    hub.world.limits.active, hub.world.limits.daily = 1, 2
    for _ in range(2):
        hub.sign_up()
        [active] = hub.query("SELECT Id FROM ActiveScratchOrg")
        assert hub.call("DELETE", f"sobjects/ActiveScratchOrg/{active['Id']}").status_code == 204
    reply = hub.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert hub.refusal(reply) == (400, "LIMIT_EXCEEDED", DAILY)


def test_the_day_is_the_last_24_hours(hub: Client) -> None:
    hub.world.limits.daily = 1
    hub.sign_up()
    hub.world.clock.advance(23 * 3600)
    hub.login()
    reply = hub.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert hub.refusal(reply)[2] == DAILY
    hub.world.clock.advance(3600)
    hub.create("ScratchOrgInfo", **DEFINITION)


def test_failed_sign_ups_take_no_place(hub: Client) -> None:
    hub.world.limits.active = hub.world.limits.daily = 1
    assert hub.sign_up(Country="XX")["Status"] == "Error"
    assert hub.sign_up()["Status"] == "Active"


def test_the_request_deleted_does_not_give_its_daily_place_back(hub: Client) -> None:
    hub.world.limits.daily = 1
    record = hub.sign_up()
    assert hub.call("DELETE", f"sobjects/ScratchOrgInfo/{record['Id']}").status_code == 204
    reply = hub.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert hub.refusal(reply)[2] == DAILY


def test_racing_for_the_last_places_nobody_gets_one_too_many(
    hub: Client, new_client: Callable[[], Client]
) -> None:
    hub.world.limits.active = 5
    clients = [new_client() for _ in range(8)]
    for client in clients:
        client.login()

    def sign_up(client: Client) -> list[int]:
        path = "sobjects/ScratchOrgInfo"
        return [client.call("POST", path, json=DEFINITION).status_code for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for many in pool.map(sign_up, clients) for status in many]
    assert sorted(statuses) == [201] * 5 + [400] * 19


def test_too_many_api_requests_are_refused(hub: Client) -> None:
    hub.world.limits.api = hub.world.hub.api_requests + 1
    reply = hub.call("GET", "limits")
    assert reply.headers["Sforce-Limit-Info"] == f"api-usage=1/{hub.world.limits.api}"
    refused = hub.call("GET", "limits")
    assert hub.refusal(refused) == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

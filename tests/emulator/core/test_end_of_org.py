"""A scratch org that is deleted or has expired lets nobody in any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.emulator.ids import to_15
from tests.emulator.core.conftest import Client


def _active(hub: Client) -> str:
    [active] = hub.query("SELECT Id FROM ActiveScratchOrg")
    return str(active["Id"])


@pytest.mark.parametrize("way", ["row", "collection", "request"])
def test_deleting_the_row_ends_the_org(hub: Client, scratch: Client, way: str) -> None:
    [info] = hub.query("SELECT Id, SignupUsername FROM ScratchOrgInfo")
    if way == "row":
        reply = hub.call("DELETE", f"sobjects/ActiveScratchOrg/{_active(hub)}")
        assert reply.status_code == 204
    elif way == "collection":
        path = f"composite/sobjects?ids={_active(hub)}&allOrNone=false"
        reply = hub.call("DELETE", path)
        assert reply.json()[0]["success"] is True
    else:
        assert hub.call("DELETE", f"sobjects/ScratchOrgInfo/{info['Id']}").status_code == 204
    assert hub.query("SELECT Id FROM ActiveScratchOrg") == []
    reply = scratch.call("GET", "limits")
    assert reply.status_code == 420
    assert reply.headers["Content-Type"].startswith("text/html")
    refused = scratch.grant(info["SignupUsername"])
    assert scratch.refusal(refused) == (
        400,
        "invalid_grant",
        "user hasn't approved this consumer",
    )


def test_the_request_of_a_deleted_org_says_so(hub: Client, scratch: Client) -> None:
    hub.call("DELETE", f"sobjects/ActiveScratchOrg/{_active(hub)}")
    [info] = hub.query("SELECT Status, DeletedBy, DeletedDate FROM ScratchOrgInfo")
    assert info["Status"] == "Deleted"
    assert info["DeletedBy"] == to_15(hub.world.hub.admin_id)
    assert info["DeletedDate"] == hub.world.now().date().isoformat()


def test_a_row_is_deleted_once(hub: Client, scratch: Client) -> None:
    path = f"sobjects/ActiveScratchOrg/{_active(hub)}"
    assert hub.call("DELETE", path).status_code == 204
    assert hub.refusal(hub.call("DELETE", path)) == (404, "ENTITY_IS_DELETED", "entity is deleted")


def test_an_org_expires_with_its_days(hub: Client, new_client: Callable[[], Client]) -> None:
    record = hub.sign_up(DurationDays=1)
    client = new_client()
    client.login(record["SignupUsername"])
    hub.world.clock.advance(timedelta(days=1).total_seconds())
    assert client.call("GET", "limits").status_code == 420
    assert client.grant(record["SignupUsername"]).status_code == 400
    hub.login()
    assert hub.query("SELECT Id FROM ActiveScratchOrg") == []
    assert hub.read("ScratchOrgInfo", record["Id"])["Status"] == "Deleted"


def test_a_deleted_org_is_distinguished_from_an_ended_session(hub: Client, scratch: Client) -> None:
    token = scratch.token
    hub.world.sessions.end(token)
    expired = (401, "INVALID_SESSION_ID", "Session expired or invalid")
    assert scratch.refusal(scratch.call("GET", "limits")) == expired


def test_soap_of_a_dead_org_is_420_too(hub: Client, scratch: Client) -> None:
    token = scratch.token
    hub.call("DELETE", f"sobjects/ActiveScratchOrg/{_active(hub)}")
    body = f"<e:SessionHeader xmlns:e='x'><e:sessionId>{token}</e:sessionId></e:SessionHeader>"
    reply = scratch.call("POST", "/services/Soap/m/68.0", data=body)
    assert reply.status_code == 420

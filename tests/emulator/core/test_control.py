"""The control plane: what is seen and changed from outside, over HTTP."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from tests.emulator.core.conftest import Client


def _control(client: Client, method: str, path: str, body: Any = None) -> Any:
    reply = client.call(method, f"/_emulator/{path}", json=body)
    assert reply.ok, reply.text
    return reply.json() if reply.content else None


def test_requests_are_logged_without_secrets(hub: Client) -> None:
    hub.query("SELECT Id FROM Account WHERE Name = 'secret'")
    hub.call("GET", "nothing")
    log = _control(hub, "GET", "log")
    assert [(one["org"], one["route"], one["method"], one["status"]) for one in log] == [
        ("hub", "oauth.token", "POST", 200),
        ("hub", "query", "GET", 200),
        ("hub", "unknown", "GET", 501),
    ]
    assert [one["number"] for one in log] == [1, 2, 3]
    text = hub.call("GET", "/_emulator/log").text
    assert hub.token not in text
    assert "secret" not in text
    assert [one["number"] for one in _control(hub, "GET", "log?since=2")] == [3]


def test_switches_are_changed(hub: Client) -> None:
    changed = {"refresh_rotation": "off", "auth_code_life": 60}
    found = _control(hub, "PATCH", "behavior", changed)
    assert found == _control(hub, "GET", "state")["behavior"]
    assert {name: found[name] for name in changed} == changed
    assert found["can_delete_orgs"] == "own"
    for wrong in ({"refresh": "off"}, {"refresh_rotation": "x"}, {"limits_readable": True}):
        reply = hub.call("PATCH", "/_emulator/behavior", json=wrong)
        assert reply.status_code == 400, wrong


def test_a_session_is_opened_for_a_user(hub: Client) -> None:
    opened = _control(hub, "POST", "sessions", {"username": "hub@acme.example"})
    assert opened["instance_url"] == hub.url
    headers = {"Authorization": f"Bearer {opened['access_token']}"}
    assert hub.call("GET", "limits", headers=headers).status_code == 200
    reply = hub.call("POST", "/_emulator/sessions", json={"username": "nobody@acme.example"})
    assert reply.status_code == 400


def test_requests_are_counted_by_org_and_route(hub: Client, scratch: Client) -> None:
    _control(hub, "DELETE", "log")
    hub.call("GET", "limits")
    scratch.call("GET", "limits")
    scratch.call("GET", "limits")
    org = scratch.world.orgs[scratch.token[:15]]
    counts = _control(hub, "GET", "counts")
    assert counts == {"hub": {"limits": 1}, org.id: {"limits": 2}}


def test_faults_come_and_go(hub: Client) -> None:
    fault = {"id": "mine", "when": {"route": "limits"}, "then": {"do": "answer"}, "times": 0}
    assert _control(hub, "POST", "faults", [fault]) == {"ids": ["mine"]}
    assert hub.call("GET", "limits").status_code == 503
    [shown] = _control(hub, "GET", "faults")
    assert (shown["id"], shown["matched"], shown["applied"]) == ("mine", 1, 1)
    _control(hub, "DELETE", "faults/mine")
    assert hub.call("GET", "limits").status_code == 200
    reply = hub.call("POST", "/_emulator/faults", json={"then": {"do": "x"}})
    assert reply.status_code == 400
    assert "`do` must be one of" in reply.json()["error"]


def test_a_fault_for_a_route_that_does_not_exist_is_refused(hub: Client) -> None:
    fault = {"when": {"route": "sobject.create"}, "then": {"do": "reset"}}
    reply = hub.call("POST", "/_emulator/faults", json=[fault])
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(
        "unknown route 'sobject.create' (did you mean sobjects.create"
    )
    assert hub.world.faults.all() == []


@pytest.mark.parametrize(("at", "before_release"), [("before", 0), ("after", 1)])
def test_a_request_is_held_before_or_after_the_act(
    hub: Client, at: str, before_release: int
) -> None:
    fault = {"when": {"route": "sobjects.create"}, "then": {"do": "hold", "at": at}}
    _control(hub, "POST", "faults", fault)
    statuses: list[int] = []

    def create() -> None:
        url = f"{hub.url}/services/data/v68.0/sobjects/Account"
        reply = hub.http.post(url, json={"Name": "x"}, timeout=30)
        statuses.append(reply.status_code)

    thread = threading.Thread(target=create)
    thread.start()
    [hold] = _control(hub, "GET", "holds?wait=20")
    assert (hold["route"], hold["method"], hold["at"]) == ("sobjects.create", "POST", at)
    assert len(_control(hub, "GET", "orgs/hub/records/Account")) == before_release
    assert statuses == []
    assert _control(hub, "POST", "holds/release", {"number": hold["number"]}) == {"released": 1}
    thread.join(20)
    assert statuses == [201]
    assert _control(hub, "GET", "holds") == []


def test_the_ith_request_of_all_is_held(hub: Client) -> None:
    """For proofs that kill a client at each of its calls."""
    _control(hub, "POST", "faults", {"when": {"nth": 2}, "then": {"do": "hold", "at": "before"}})
    assert hub.call("GET", "limits").status_code == 200
    thread = threading.Thread(target=hub.call, args=("GET", "limits"))
    thread.start()
    [hold] = _control(hub, "GET", "holds?wait=20")
    assert hold["path"] == "/services/data/v68.0/limits"
    _control(hub, "POST", "holds/release")
    thread.join(20)


def test_time_jumps(hub: Client) -> None:
    before = hub.world.now()
    _control(hub, "POST", "clock", {"advance": 90})
    assert (hub.world.now() - before).total_seconds() == 90


def test_limits_and_latencies_are_changed(hub: Client) -> None:
    assert _control(hub, "PATCH", "limits", {"active": 1})["active"] == 1
    assert hub.call("GET", "limits").json()["ActiveScratchOrgs"]["Max"] == 1
    ranges = _control(hub, "PATCH", "latencies", {"signup": [1, 2], "propagation": 9})
    assert ranges["signup.Creating"] == [1, 2]
    assert ranges["propagation"] == [9, 9]
    assert hub.call("PATCH", "/_emulator/limits", json={"activ": 1}).status_code == 400


def test_an_app_is_registered_from_outside(hub: Client, other_key_pair: KeyPair) -> None:
    app = {
        "consumer_key": "3MVG9Other",
        "certificate": other_key_pair.certificate,
        "approved": ["hub@acme.example"],
    }
    _control(hub, "POST", "apps", app)
    hub.private_key = other_key_pair.private_key
    assert hub.grant(iss="3MVG9Other").status_code == 200
    _control(hub, "DELETE", "apps/hub/3MVG9Other")
    assert hub.refusal(hub.grant(iss="3MVG9Other"))[1] == "invalid_client_id"


def test_users_are_changed_from_outside(hub: Client) -> None:
    _control(hub, "PATCH", "users/hub@acme.example", {"IsActive": False})
    assert hub.refusal(hub.grant())[1] == "inactive_user"
    assert hub.call("PATCH", "/_emulator/users/x@y.z", json={}).status_code == 400


def test_orgs_are_made_expired_and_ended(hub: Client) -> None:
    made = [
        _control(hub, "POST", "orgs", {"username": name, "consumer_key": DEFAULT_CONSUMER_KEY})
        for name in ("a@example.com", "b@example.com")
    ]
    assert hub.grant("a@example.com").status_code == 200
    assert _control(hub, "POST", f"orgs/{made[0]['id']}/expire")["is_deleted"] is True
    assert _control(hub, "DELETE", "orgs/b@example.com")["is_deleted"] is True
    for name in ("a@example.com", "b@example.com"):
        assert hub.grant(name).status_code == 400
    state = _control(hub, "GET", "state")
    assert [one["is_deleted"] for one in state["orgs"]] == [False, True, True]
    assert hub.call("DELETE", "/_emulator/orgs/hub").status_code == 400


def test_sessions_are_cut_from_outside(hub: Client) -> None:
    assert _control(hub, "DELETE", "orgs/hub/sessions") == {"ended": 1}
    assert hub.call("GET", "limits").status_code == 401


def test_packages_are_made_known(hub: Client) -> None:
    version = "04t000000000001AAA"
    found = _control(hub, "POST", "packages", {version: {"name": "Billing", "version": "1.2.0.3"}})
    assert list(found) == [version]
    assert hub.world.packages == found


def test_each_org_draws_its_own_durations_by_the_number_of_its_sign_up(hub: Client) -> None:
    """In whatever order the operations of several orgs arrive, in each world of one seed."""

    def durations(world: World, *, reverse: bool) -> list[float]:
        draw, names = world.latencies.duration, ["b@acme.example", "A@acme.example"]
        sign_ups = [draw("signup", "Creating", of=name) for name in names]
        in_turn = names[::-1] if reverse else names
        installs = {name: draw("package_install", of=name) for name in in_turn}
        return [*sign_ups, *(installs[name] for name in names)]

    assert durations(hub.world, reverse=False) == durations(World(), reverse=True)
    found = _control(hub, "GET", "latencies/drawn")
    assert [(one["username"], one["operation"], one["state"]) for one in found] == [
        ("b@acme.example", "signup", "Creating"),
        ("a@acme.example", "signup", "Creating"),
        ("b@acme.example", "package_install", ""),
        ("a@acme.example", "package_install", ""),
    ]
    assert len({one["seconds"] for one in found}) == 4


def test_the_operations_of_an_org_are_drawn_for_its_username(hub: Client, scratch: Client) -> None:
    name = scratch.query("SELECT Username FROM User WHERE IsActive = true")[0]["Username"]
    found = _control(hub, "GET", "latencies/drawn")
    assert {(one["username"], one["operation"]) for one in found} == {
        (name, "signup"),
        (name, "propagation"),
    }

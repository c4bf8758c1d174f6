"""Faults as data: which requests go wrong and how, before or after the platform has acted."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from provisioner.emulator.faults import FaultError, Faults
from tests.emulator.core.conftest import Client

UNAVAILABLE = (503, "SERVER_UNAVAILABLE", "The service is temporarily unavailable")


def _statuses(client: Client, number: int, path: str = "limits") -> list[int]:
    return [client.call("GET", path).status_code for _ in range(number)]


def test_twice_unavailable_then_well(hub: Client) -> None:
    busy = {"do": "answer", "status": 503}
    hub.world.faults.add({"when": {"route": "limits"}, "then": [busy, busy]})
    assert hub.refusal(hub.call("GET", "limits")) == UNAVAILABLE
    assert _statuses(hub, 3) == [503, 200, 200]


def test_a_sequence_may_let_requests_pass_and_be_repeated(hub: Client) -> None:
    sequence = [{"do": "pass"}, {"do": "answer", "status": 500}]
    hub.world.faults.add({"when": {"route": "limits"}, "then": sequence, "times": 2})
    assert _statuses(hub, 6) == [200, 500, 200, 500, 200, 200]


@pytest.mark.parametrize(
    ("when", "statuses"),
    [
        ({"nth": 2}, [200, 500, 200, 200]),
        ({"nth": [1, 4]}, [500, 200, 200, 500]),
        ({"every": 2}, [200, 500, 200, 500]),
        ({"method": "post"}, [200] * 4),
        ({"path": "v68.0/lim"}, [500] * 4),
        ({"org": "hub"}, [500] * 4),
        ({"org": "scratch"}, [200] * 4),
        ({"probability": 0}, [200] * 4),
        ({"probability": 1}, [500] * 4),
    ],
)
def test_criteria_choose_the_requests(
    hub: Client, when: dict[str, Any], statuses: list[int]
) -> None:
    fault = {"when": when, "then": {"do": "answer", "status": 500}, "times": 0}
    hub.world.faults.add(fault)
    assert _statuses(hub, 4) == statuses


def test_an_answer_may_be_anything(hub: Client) -> None:
    then = {"do": "answer", "status": 502, "body": "<html>bad gateway</html>"}
    hub.world.faults.add({"then": then})
    reply = hub.call("GET", "limits")
    assert (reply.status_code, reply.text) == (502, "<html>bad gateway</html>")
    assert reply.headers["Content-Type"].startswith("text/html")
    then = {"do": "answer", "status": 403, "error": "REQUEST_LIMIT_EXCEEDED", "message": "slow"}
    hub.world.faults.add({"then": then})
    assert hub.refusal(hub.call("GET", "limits")) == (403, "REQUEST_LIMIT_EXCEEDED", "slow")


def test_an_active_org_may_answer_as_one_in_maintenance_and_its_login_too(hub: Client) -> None:
    user = hub.sign_up()["SignupUsername"]
    hub.world.faults.add({"when": {"path": "limits"}, "then": {"do": "answer", "status": 420}})
    reply = hub.call("GET", "limits")
    assert (reply.status_code, reply.headers["Content-Type"][:9]) == (420, "text/html")
    assert hub.call("GET", "limits").status_code == 200
    when = {"route": "oauth.token", "subject": f"^{user}$"}
    hub.world.faults.add({"when": when, "then": {"do": "answer", "status": 420}})
    assert hub.grant().status_code == 200, "only the org's own logins"
    assert hub.grant(user).status_code == 420
    assert hub.grant(user).status_code == 200


def test_a_fault_of_the_token_endpoint_has_its_envelope(hub: Client) -> None:
    then = {
        "do": "answer",
        "status": 400,
        "error": "unknown_error",
        "message": "retry your request",
    }
    hub.world.faults.add({"when": {"route": "oauth.token"}, "then": then})
    refused = hub.refusal(hub.grant())
    assert refused == (400, "unknown_error", "retry your request")


@pytest.mark.parametrize(
    ("kind", "words"), [("reset", "reset by peer"), ("close", "without response")]
)
@pytest.mark.parametrize(("at", "records"), [("before", 0), ("after", 1)])
def test_a_connection_ends_before_or_after_the_act(
    hub: Client, kind: str, words: str, at: str, records: int
) -> None:
    hub.world.faults.add({"when": {"route": "sobjects.create"}, "then": {"do": kind, "at": at}})
    with pytest.raises(requests.ConnectionError, match=words):
        hub.call("POST", "sobjects/Account", json={"Name": "x"})
    assert len(hub.query("SELECT Id FROM Account")) == records


def test_an_answer_after_the_act_hides_it(hub: Client) -> None:
    then = {"do": "answer", "status": 503, "at": "after"}
    hub.world.faults.add({"when": {"route": "sobjects.create"}, "then": then})
    reply = hub.call("POST", "sobjects/Account", json={"Name": "x"})
    assert hub.refusal(reply) == UNAVAILABLE
    assert len(hub.query("SELECT Id FROM Account")) == 1


def test_a_session_is_cut_in_the_middle(hub: Client) -> None:
    hub.world.faults.add({"when": {"route": "limits", "nth": 2}, "then": {"do": "expire_session"}})
    assert _statuses(hub, 3) == [200, 401, 401]
    hub.login()
    assert _statuses(hub, 1) == [200]


def test_a_delay_delays(hub: Client) -> None:
    hub.world.faults.add({"then": {"do": "delay", "seconds": 0.2}})
    begun = time.monotonic()
    assert hub.call("GET", "limits").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_a_hanging_request_ends_with_the_clients_timeout(hub: Client) -> None:
    hub.world.faults.add({"then": {"do": "hang"}})
    with pytest.raises(requests.ReadTimeout):
        hub.http.get(f"{hub.url}/services/data/v68.0/limits", timeout=0.1)


def test_the_token_endpoint_may_fail_too(hub: Client) -> None:
    hub.world.faults.add({"when": {"route": "oauth.token"}, "then": {"do": "answer"}})
    assert hub.grant().status_code == 503
    assert hub.grant().status_code == 200


def test_the_first_fault_that_is_due_wins(hub: Client) -> None:
    hub.world.faults.add({"then": {"do": "answer", "status": 500}})
    hub.world.faults.add({"then": {"do": "answer", "status": 502}})
    assert _statuses(hub, 3) == [500, 502, 200]


def test_faults_by_chance_repeat_with_the_seed() -> None:
    def night(seed: int) -> list[bool]:
        faults = Faults(seed=seed)
        faults.add({"when": {"probability": 0.5}, "then": {"do": "close"}, "times": 0})
        calls = [faults.request(route="x", method="GET", path="/", org="") for _ in range(50)]
        return [one is not None for one in calls]

    assert night(1) == night(1)
    assert night(1) != night(2)
    assert any(night(1))
    assert not all(night(1))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"then": {"do": "explode"}}, "`do` must be one of answer"),
        ({"then": []}, "`then` must be a behaviour, such as"),
        ({"when": {"rout": "x"}, "then": {"do": "close"}}, "unknown key of when 'rout'"),
        ({"than": {"do": "close"}}, "unknown key of a fault 'than'"),
        (
            {"when": {"path": "("}, "then": {"do": "close"}},
            "`path` is not a valid regular expression",
        ),
        ({"then": {"do": "close", "at": "during"}}, "`at` must be `before` or `after`"),
        ("close", "a fault must be an object"),
    ],
)
def test_a_fault_that_cannot_be_understood_says_why(spec: Any, words: str) -> None:
    with pytest.raises(FaultError, match=words.replace("(", r"\(")):
        Faults().add(spec)

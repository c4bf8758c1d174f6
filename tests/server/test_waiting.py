"""Claims that wait at the server."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from provisioner.access.person import Person
from provisioner.errors import Interrupted
from provisioner.ledger.base import Event
from provisioner.server.api.claims import OPERATIONS
from provisioner.server.connection import Connection
from provisioner.server.request import Call
from provisioner.server.waiting import MOST_OF_ONE

from .api_client import ApiClient
from .served import TOKEN, Served


@pytest.fixture
def api(served: Served) -> ApiClient:
    """A client of a server whose orgs are all claimed."""
    client = ApiClient(served)
    for _ in range(2):
        assert client.call("claimOrg", {"pool": "morning"}).status == 201
    return client


@contextmanager
def claiming(served: Served, **body: Any) -> Iterator[socket.socket]:
    """A claim that waits; the connection is closed at the end of the block."""
    raw = json.dumps({"pool": "morning", "wait": "10m", **body}).encode()
    host, port = served.url.removeprefix("http://").split(":")
    head = f"POST /v1/claims HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
        yield connection


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_waiting_claim_gets_the_next_org(served: Served, api: ApiClient) -> None:
    with claiming(served) as connection:
        until(lambda: len(served.ledger.waiters()) == 1)
        assert api.call("releaseOrg", {"reuse": True}, username="one@acme.example").status == 200
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")
    assert served.ledger.waiters() == []


def test_a_client_that_goes_leaves_the_queue_and_keeps_no_org(
    served: Served, api: ApiClient
) -> None:
    with claiming(served):
        until(lambda: len(served.ledger.waiters()) == 1)
    until(lambda: not served.ledger.waiters())

    api.call("releaseOrg", {"reuse": True}, username="one@acme.example")
    assert api.call("getOrg", username="one@acme.example").json["state"] == "available"


@pytest.mark.parametrize(("key", "state"), [("", "available"), ("job-1", "claimed")])
def test_a_claim_whose_client_goes_before_its_answer_is_undone_unless_it_has_a_key(
    served: Served, key: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, note = Connection(served.world.stopping), served.ledger.note

    def note_and_lose_client(event: Event) -> None:
        note(event)
        connection.gone.set()

    monkeypatch.setattr(served.ledger, "note", note_and_lose_client)
    person = Person("ann", is_local=True)
    body = {"pool": "morning", "username": "one@acme.example", "idempotency_key": key}

    with pytest.raises(Interrupted, match="the client has closed its connection"):
        OPERATIONS[0].act(Call(served.world, person, {}, {}, body, connection))

    org = served.ledger.get("one@acme.example")
    assert org is not None
    assert org.state == state


def test_waiting_claims_keep_no_other_request_waiting(served: Served, api: ApiClient) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            stack.enter_context(claiming(served))
        until(lambda: served.world.waiting.count == MOST_OF_ONE)

        refused = api.call("claimOrg", {"pool": "morning", "wait": "1m"})
        assert (refused.status, refused.json["error"]["code"]) == (503, "too_many_waiting")
        assert refused.headers["retry-after"] == "5"
        assert api.call("claimOrg", {"pool": "morning"}).status == 409
        assert api.call("listPools").status == 200
        served.world.stopping.set()  # as at SIGTERM: all of them end now
        until(lambda: served.world.waiting.count == 0)
    assert served.ledger.waiters() == []

"""The server stops at a signal: it ends what waits, finishes what runs, and exits with 0."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import closing

import httpx
import pytest

from provisioner.ledger import open_ledger
from tests.claim.live_orgs import LiveOrgs

from .process import process, with_token_file


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_streams_and_waiting_claims(live: LiveOrgs, number: int) -> None:
    with_token_file(live.folder)
    with process(live.folder) as server, server.client() as client:
        waiting: list[object] = []

        def wait() -> None:
            try:
                waiting.append(client.post("/v1/claims", json={"pool": "morning", "wait": "60s"}))
            except httpx.HTTPError as error:
                waiting.append(error)

        with client.stream("GET", "/v1/events") as events:
            assert events.status_code == 200
            claim = threading.Thread(target=wait)
            claim.start()
            with closing(open_ledger("sqlite:///ledger.db", live.folder)) as ledger:
                while not ledger.waiters():
                    time.sleep(0.05)
            code = server.end(number)
        claim.join()

    assert code == 0, server.text
    assert "error:" not in server.text
    assert "Traceback" not in server.text
    assert "Stopped." in server.text
    [refused] = waiting
    assert isinstance(refused, httpx.Response), refused
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stopping")
    assert refused.headers["retry-after"]

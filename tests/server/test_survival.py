"""What `serve` survives: a kill, a ledger that is away, and a second server beside it."""

from __future__ import annotations

import re
import signal
import threading
import time
from contextlib import closing, suppress

import httpx
import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from provisioner.server import away
from provisioner.server.sign_in import ended
from tests.claim.live_orgs import LiveOrgs
from tests.ledger import postgresql_server

from .process import process, with_token_file
from .served import TOKEN, serving


class Later:
    """A clock that is a minute ahead."""

    def monotonic(self) -> float:
        return time.monotonic() + 60


def test_a_claim_with_a_key_is_given_again_after_a_kill(live: LiveOrgs) -> None:
    with_token_file(live.folder)
    body = {"pool": "morning", "idempotency_key": "job-7"}
    with closing(open_ledger("sqlite:///ledger.db", live.folder)) as ledger:
        for name in ("one", "two"):
            ledger.change(live.add(ledger, name), proven_at=None)
        fault = {"when": {"route": "oauth.token"}, "then": {"do": "hold"}, "times": 1}
        live.world.faults.add(fault)

        with process(live.folder) as server, server.client() as client:

            def claim() -> None:
                with suppress(httpx.HTTPError):
                    client.post("/v1/claims", json=body)

            claiming = threading.Thread(target=claim)
            claiming.start()
            assert live.world.holds.current(wait=60), "the claimed org has not been verified"
            [claimed] = [org for org in ledger.orgs() if org.state is State.CLAIMED]
            server.end(signal.SIGKILL)
            live.world.holds.release()
            claiming.join()

        with process(live.folder) as server, server.client() as client:
            again = client.post("/v1/claims", json=body)
            assert server.end() == 0, server.text

        assert (again.status_code, again.json()["username"]) == (201, claimed.username)
        assert [org.state for org in ledger.orgs()].count(State.CLAIMED) == 1


@pytest.mark.slow
def test_two_servers_share_sign_ins_and_claims_and_a_ledger_that_is_away_comes_back(
    live: LiveOrgs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "EVERY", 0.0)
    with postgresql_server.server() as database:
        live.write_pool(ledger=database.url(database.new_database()))
        pool = live.folder / "pool.yaml"
        with serving(pool) as first, serving(pool) as second:
            for name in ("one", "two"):
                live.add(first.ledger, name)
            browser = httpx.Client(follow_redirects=True)
            page = browser.post(f"{first.url}/sign-in/token", data={"token": TOKEN})
            form = re.search(r'name="csrf_token" value="(\w+)"', page.text)
            assert form is not None

            # Cookies of one host name are sent to all its ports.
            here = browser.get(f"{second.url}/").text
            assert "Sign out" in here
            body = {"pool": "morning"}
            claims = [one.send("POST", "/v1/claims", body).json for one in (first, second)]
            assert {org["username"] for org in claims} == {"one@acme.example", "two@acme.example"}

            cookies = httpx.Cookies(browser.cookies)
            browser.post(f"{second.url}/sign-out", data={"csrf_token": form[1]})
            copied = httpx.get(f"{first.url}/", cookies=cookies)
            assert (copied.status_code, copied.headers["location"]) == (303, "/sign-in")

            database.stop()
            refused = first.send("GET", "/v1/pools")
            assert (refused.status, refused.headers["retry-after"]) == (503, "5")
            assert refused.json["error"]["code"] == "ledger_unreachable"
            assert first.send("GET", "/healthz").status == 200
            assert first.send("GET", "/readyz").json == {
                "ready": False,
                "code": "ledger_unreachable",
            }
            page = httpx.get(f"{first.url}/", headers={"Authorization": f"Bearer {TOKEN}"})
            assert (page.status_code, page.headers["retry-after"]) == (503, "5"), page.text
            assert "cannot be reached" in page.text

            database.start()
            monkeypatch.setattr(away, "time", Later())
            for server in (first, second):
                assert server.send("GET", "/v1/pools").status == 200
            browser.close()

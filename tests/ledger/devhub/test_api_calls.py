"""The ledger tells what it has cost of the Dev Hub's requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import add_available

from .hub import LedgerHub


def test_nothing_is_sent_before_it_is_used(ledger: DevhubLedger) -> None:
    assert ledger.api_calls == {"hub": 0}


def test_logins_and_repetitions_count(hub: LedgerHub, ledger: DevhubLedger) -> None:
    mark = hub.mark()
    hub.emulated.fault({"route": "query"}, {"do": "answer", "status": 503})
    assert ledger.orgs() == []
    assert [route for _, route in hub.requests(since=mark)] == ["oauth.token", "query", "query"]
    assert ledger.api_calls == {"hub": 3}


def test_a_login_in_maintenance_is_asked_for_again(hub: LedgerHub, ledger: DevhubLedger) -> None:
    mark = hub.mark()
    hub.emulated.fault({"route": "oauth.token"}, {"do": "answer", "status": 420}, times=2)
    assert ledger.orgs() == []
    assert [route for _, route in hub.requests(since=mark)] == [*["oauth.token"] * 3, "query"]


def test_no_request_of_several_threads_is_forgotten(hub: LedgerHub, ledger: DevhubLedger) -> None:
    mark = hub.mark()
    names = [f"org-{number}@acme.example" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_available(ledger, name), names))
    assert ledger.api_calls == {"hub": len(hub.requests(since=mark))}

"""One odd answer of the Dev Hub to its ledger: it is asked again, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.ledger.base import Org, State
from provisioner.ledger.devhub.ledger import DevhubLedger
from provisioner.ledger.rows import utc_now
from tests.ledger.devhub.hub import LedgerHub, account
from tests.proof.mutating_proxy import MutatingProxy, Target

SEEDS = range(40)
NAME = "a@acme.example"


@pytest.fixture
def proxy(hub: LedgerHub) -> Iterator[MutatingProxy]:
    with MutatingProxy(hub.emulated.server.url) as made:
        yield made


@pytest.fixture
def ledger(hub: LedgerHub, proxy: MutatingProxy, tmp_path: Path) -> Iterator[DevhubLedger]:
    """Reached through the proxy; it holds one row, and has logged in."""
    made = DevhubLedger(replace(account(hub.directory), login_url=proxy.url))
    made.add(Org(NAME, "sample", created_at=utc_now()))
    yield made
    made.close()


def spoilt(proxy: MutatingProxy, kind: str, seed: int) -> None:
    """The next answer of that kind is spoilt."""
    proxy.counts.clear()
    proxy.done = ""
    proxy.target = Target(kind, 1, seed)


def test_a_change_is_made_once_and_known_to_be_made(
    ledger: DevhubLedger, proxy: MutatingProxy
) -> None:
    org = ledger.get(NAME)
    for seed in SEEDS:
        spoilt(proxy, "POST composite", seed)
        assert org is not None
        changed = ledger.change(org, attempts=seed)
        assert proxy.done
        assert changed is not None, proxy.done
        assert changed.attempts == seed
        org = ledger.get(NAME)
        assert org == changed, proxy.done


def test_a_row_is_read_as_it_is(ledger: DevhubLedger, proxy: MutatingProxy) -> None:
    org = ledger.get(NAME)
    for seed in SEEDS:
        spoilt(proxy, "GET query Provisioner_Org__c", seed)
        assert ledger.get(NAME) == org, proxy.done
        spoilt(proxy, "GET query Provisioner_Org__c", seed + 1_000)
        found = ledger.orgs(states=[State.INTENDED])
        if "an odd text" not in proxy.done:  # nobody can tell one name from another
            assert found == [org], proxy.done
    assert not ledger.broken()

"""How many requests a claim costs when the Dev Hub never answers."""

from __future__ import annotations

import pytest

from provisioner.errors import LedgerError, LoginError
from provisioner.ledger.base import Claim
from provisioner.ledger.devhub.ledger import DevhubLedger
from provisioner.retry import CALL, LEDGER
from tests.ledger.world import NOW

from .hub import LedgerHub

BUSY = {"do": "answer", "status": 503}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once; how many there are stays as it is."""
    monkeypatch.setattr("provisioner.retry.sleep", lambda _: None)


def test_a_claim_on_a_dev_hub_that_is_out_of_order(hub: LedgerHub, ledger: DevhubLedger) -> None:
    ledger.orgs()
    mark = hub.mark()
    hub.emulated.fault({"path": "/services/data/.*"}, BUSY, times=0)
    with pytest.raises(LedgerError, match="temporarily unavailable"):
        ledger.claim(Claim("ann", pool="morning"), now=NOW)
    assert [name for _, name in hub.requests(since=mark)] == ["composite"] * LEDGER.tries


def test_a_claim_on_a_dev_hub_that_gives_no_session(hub: LedgerHub, ledger: DevhubLedger) -> None:
    mark = hub.mark()
    hub.emulated.fault({"route": "oauth.token"}, BUSY, times=0)
    with pytest.raises(LoginError, match="503"):
        ledger.claim(Claim("ann", pool="morning"), now=NOW)
    assert [name for _, name in hub.requests(since=mark)] == ["oauth.token"] * CALL.tries

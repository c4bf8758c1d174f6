"""A Dev Hub with a ledger, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.ledger.devhub.ledger import DevhubLedger
from tests.ledger.world import World

from .hub import LedgerHub


@pytest.fixture
def bare_hub(tmp_path: Path) -> Iterator[LedgerHub]:
    """A Dev Hub on which nothing was installed."""
    hub = LedgerHub(tmp_path)
    yield hub
    hub.close()


@pytest.fixture
def hub(bare_hub: LedgerHub) -> LedgerHub:
    """A Dev Hub with an empty ledger, and its administrator as builder."""
    bare_hub.install()
    return bare_hub


@pytest.fixture
def ledger(hub: LedgerHub) -> DevhubLedger:
    """The ledger, as the builder."""
    return hub.open()


@pytest.fixture
def world_of_hub(hub: LedgerHub) -> World:
    """Starts processes on that ledger."""
    return World("devhub", hub.directory)

"""Every ledger tells what it has cost of Salesforce's requests, so that a build can tell it."""

from __future__ import annotations

from provisioner.ledger.base import Ledger
from tests.ledger.world import World


def test_a_database_costs_none_and_the_dev_hub_some(world: World, ledger: Ledger) -> None:
    ledger.orgs()
    assert set(ledger.api_calls) == ({"hub"} if world.url == "devhub" else set())
    assert all(count > 0 for count in ledger.api_calls.values())

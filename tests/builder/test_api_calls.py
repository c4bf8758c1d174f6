"""What a build says that it has cost is what Salesforce has counted, the ledger's part included."""

from __future__ import annotations

import pytest

from provisioner.builder.connections import Connections
from provisioner.builder.result import BuildResult
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Run, State
from provisioner.ledger.devhub.install import install
from tests.builder.night import Night

pytestmark = pytest.mark.slow


def build_and_count(night: Night) -> tuple[BuildResult, int]:
    """A build, and how many requests the emulator had from it."""
    before = counted(night)
    result = night.build()
    return result, counted(night) - before


def counted(night: Night) -> int:
    return sum(sum(routes.values()) for routes in night.world.log.counts().values())


def with_ledger_on_the_hub(night: Night) -> None:
    """The custom objects are there, and pool.yaml names them as the ledger."""
    night.write_pool(size=1, top="ledger: devhub")
    config = night.config()
    with Connections(config, time_scale=0.0) as connections:
        builder = config.dev_hub.username
        hub = connections.hub.client
        install(hub, builders=[builder], consumers=[], say=lambda _text: None, time_scale=0.0)


def recorded(night: Night) -> Run:
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        (run,) = ledger.runs()
        return run
    finally:
        ledger.close()


def test_every_request_is_counted(night: Night) -> None:
    night.write_pool(size=1)
    result, total = build_and_count(night)
    assert len(result.built) == 1
    assert sum(result.api_calls.values()) == total
    assert min(result.api_calls.values()) > 0
    assert recorded(night).summary["api_calls"] == result.api_calls


def test_what_a_ledger_on_the_dev_hub_costs_is_counted_too(night: Night) -> None:
    with_ledger_on_the_hub(night)
    result, total = build_and_count(night)
    assert [org.state for org in night.orgs()] == [State.AVAILABLE]
    assert sum(result.api_calls.values()) == total


def test_the_record_of_the_run_counts_the_ledger_up_to_itself(night: Night) -> None:
    with_ledger_on_the_hub(night)
    result = night.build()
    ending = result.api_calls["hub"] - recorded(night).summary["api_calls"]["hub"]
    assert 0 < ending < 10  # the record itself, what old builds left, the lock
    routes = sum(night.world.log.counts()["hub"].values())
    assert routes > recorded(night).summary["api_calls"]["hub"] > 20

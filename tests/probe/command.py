"""`check --probe` against the emulator, and what it has left behind."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from provisioner.ledger.facts import HubFacts, subject_of
from tests.builder.night import Night
from tests.proof import here
from tests.proof.processes import TIME_SCALE, Ended

PROBE = ("check", "--probe", "--yes", "--json", "--time-scale", TIME_SCALE)


def probe(night: Night, *more: str) -> Ended:
    """One probe, to its end."""
    return here.run(night, *PROBE, *more)


def facts_of(ended: Ended) -> dict[str, Any]:
    """The facts that a probe has printed."""
    assert ended.code == 0, ended.err
    assert list(ended.document) == ["facts"]
    found: dict[str, Any] = ended.document["facts"]
    return found


def stored(night: Night) -> HubFacts:
    """What the ledger knows of the Dev Hub."""
    config = night.config()
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        return ledger.facts(subject_of(DEFAULT_HUB_USERNAME, DEFAULT_CONSUMER_KEY))


def left(night: Night) -> tuple[list[Org], list[str]]:
    """The rows that are not deleted, and the active orgs of the Dev Hub."""
    return night.orgs(), night.active()


def all_rows(night: Night) -> list[Org]:
    """All rows of the ledger."""
    return night.orgs(*State)


def sign_ups(night: Night) -> list[tuple[str, str]]:
    """Status and consumer key of each sign-up, in the order in which they were sent."""
    rows = sorted(night.hub_rows("ScratchOrgInfo"), key=lambda row: str(row["Id"]))
    return [(str(row["Status"]), str(row["ConnectedAppConsumerKey"])) for row in rows]

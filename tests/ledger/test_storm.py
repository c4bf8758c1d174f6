"""Many processes claim at once, some are killed, some lose their connection: nothing is lost.

The long form is `scripts/prove-claims`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.ledger import LEDGERS
from provisioner.ledger.base import Org, State

from . import postgresql_server
from .devhub.hub import LedgerHub
from .postgresql_proxy import proxy
from .storm import Claimer, Ended, Storm, claimers, faults, prepare, storm
from .world import World

pytestmark = pytest.mark.slow

CLAIMERS, ORGS, DEATHS = 40, 20, 6


@pytest.mark.parametrize("scheme", sorted(LEDGERS))
def test_a_storm_of_claimers_leaves_each_org_with_one_winner(scheme: str, tmp_path: Path) -> None:
    world = World.of(scheme, tmp_path)
    prepare(world.url, tmp_path, ORGS)
    result = storm(world.url, tmp_path, claimers(CLAIMERS, deaths=DEATHS, seed=1), ORGS)
    world.close()
    assert result.faults == []
    assert len(result.winners) + len(result.losers) + len(result.killed) == CLAIMERS
    assert result.losers
    assert result.killed


def test_a_storm_over_a_network_that_breaks_leaves_each_org_with_one_winner(
    tmp_path: Path,
) -> None:
    world = World.of("postgresql", tmp_path)
    server = postgresql_server.shared().folder
    with proxy(server, seed=1) as network:
        through = world.url.replace(str(server), str(network.folder))
        prepare(world.url, tmp_path, ORGS, through=through)
        network.probability = 0.02
        result = storm(world.url, tmp_path, claimers(CLAIMERS, deaths=DEATHS, seed=2), ORGS)
    world.close()
    assert network.cuts
    assert result.faults == []


def test_a_storm_on_a_dev_hub_whose_answers_are_lost_leaves_each_org_with_one_winner(
    tmp_path: Path,
) -> None:
    hub = LedgerHub(tmp_path)
    hub.install()
    prepare("devhub", tmp_path, ORGS)
    hub.emulated.fault({"probability": 0.02}, {"do": "reset", "at": "after"}, times=0)
    hub.emulated.fault({"probability": 0.02}, {"do": "answer", "status": 503}, times=0)
    result = storm("devhub", tmp_path, claimers(CLAIMERS, deaths=DEATHS, seed=3), ORGS)
    hub.close()
    assert result.faults == []


ANN, BOB = Claimer("ann"), Claimer("bob")
ROW = Org("a@x.y", "morning", State.CLAIMED, owner="ann", fence=1)
GIVEN = '{"username": "a@x.y"}'
NONE = '{"error": {"code": "no_org_available"}}'
WHOLE = Storm(1, [Ended(ANN, 0, GIVEN, ""), Ended(BOB, 3, NONE, "")], [], [ROW], Counter(["a@x.y"]))


def test_what_is_as_it_should_be_has_no_faults() -> None:
    assert list(faults(WHOLE)) == []


@pytest.mark.parametrize(
    ("storm", "fault"),
    [
        (replace(WHOLE, ends=[Ended(ANN, 0, GIVEN, ""), Ended(BOB, 0, GIVEN, "")]), "given for"),
        (replace(WHOLE, ends=[Ended(ANN, 1, "", "Traceback")]), "showed a traceback"),
        (replace(WHOLE, ends=[Ended(ANN, 2, "", "down")]), "ended with 2"),
        (replace(WHOLE, ends=[Ended(BOB, 0, GIVEN, "")]), "which is claimed of 'ann'"),
        (replace(WHOLE, claims=Counter({"a@x.y": 2})), "was claimed 2 times"),
        (replace(WHOLE, orgs=2), "2 orgs became 1 claimed and 0 available"),
        (
            replace(WHOLE, ends=[Ended(BOB, 3, NONE, "")]),
            "held by ann, whose output does not say so",
        ),
        (
            replace(WHOLE, orgs=2, rows=[ROW, Org("b@x.y", "morning", State.AVAILABLE)]),
            "1 were refused while 1 orgs were available",
        ),
        (
            replace(WHOLE, orgs=2, rows=[ROW, replace(ROW, username="b@x.y")]),
            "ann holds 2 orgs, having claimed one",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_must_not_be_is_a_fault(storm: Storm, fault: str) -> None:
    assert any(fault in found for found in faults(storm)), list(faults(storm))

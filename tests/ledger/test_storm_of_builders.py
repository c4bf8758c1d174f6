"""Builds of one Dev Hub in several processes use up its allowance, and never more."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from tests.ledger.storm_builders import ALLOWANCE, CONCURRENTLY, Hub
from tests.ledger.world import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql"])
def test_the_allowance_is_used_up_exactly_although_builds_are_killed(
    scheme: str, tmp_path: Path
) -> None:
    """A sign-up that was intended and perhaps sent counts once, whoever reads the limits."""
    world = World.of(scheme, tmp_path)
    try:
        process = world.start("storm_builders.py")
        out, err = process.communicate(timeout=60)
        killed = -signal.SIGKILL
        assert (err, json.loads(out)) == ("", [0, killed, killed, 0])
        ledger = world.open()
        rows, received = ledger.orgs(), Hub(tmp_path).received()
        unsent = {row.username for row in rows if row.state is State.INTENDED} - received
        assert (len(received), unsent) == (ALLOWANCE - 1, {"1-1@x.example"})
        assert len(rows) == ALLOWANCE
        pending, most = 0, 0
        for event in ledger.events():
            pending += (event.to_state == "intended") - (event.to_state == "building")
            most = max(most, pending)
        assert most <= CONCURRENTLY
    finally:
        world.close()

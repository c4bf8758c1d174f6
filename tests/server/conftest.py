"""A Dev Hub with live orgs, and a server over their ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.claim.live_orgs import LiveOrgs, key_pair

from .served import Served, serving


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrgs]:
    """An emulated Dev Hub, and a folder with a pool.yaml that names it."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(500))
    with EmulatorServer(world) as server:
        orgs = LiveOrgs(server, tmp_path)
        orgs.write_pool()
        yield orgs


@pytest.fixture
def served(live: LiveOrgs) -> Iterator[Served]:
    """A server over two available orgs, `one` and `two`, for the person of the token file."""
    with serving(live.folder / "pool.yaml") as server:
        for name in ("one", "two"):
            live.add(server.ledger, name)
        yield server

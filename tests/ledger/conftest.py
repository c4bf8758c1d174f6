"""The ledgers that the contract is tested on: all that are registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.ledger import LEDGERS
from provisioner.ledger.base import Ledger

from .world import World

QUICK = "sqlite"
KINDS = [
    pytest.param(scheme, marks=[] if scheme == QUICK else pytest.mark.slow)
    for scheme in sorted(LEDGERS)
]


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A new ledger of each kind."""
    world = World.of(request.param, tmp_path)
    yield world
    world.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the SQLite ledger of the test."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(world: World) -> Ledger:
    """The ledger of the test's world, opened once."""
    return world.open()

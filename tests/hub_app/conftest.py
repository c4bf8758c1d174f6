"""A Dev Hub without an app of ours, whose build user has few rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.hub_app.hub import BUILD, Hub


@cache
def key_pairs() -> tuple[KeyPair, ...]:
    """Three keys; they are slow to make."""
    return make_key_pair(), make_key_pair(), make_key_pair()


@pytest.fixture
def make_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Hub]]:
    """Makes a Dev Hub of a kind, by the options of its world."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:

        def make(**options: Any) -> Hub:
            given: dict[str, Any] = {
                "hub_user": "integration",
                "latencies": Latencies(instant=True),
            }
            world = World(hub_username=BUILD, **{**given, **options})
            server = stack.enter_context(EmulatorServer(world))
            return Hub(server, tmp_path, list(key_pairs()), monkeypatch, capsys)

        yield make


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    """A Dev Hub whose build user has the licences that the documentation recommends."""
    made = make_hub()
    made.give_license()
    return made

"""A build for each test: its own folder, its own emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from provisioner.emulator.apps import HubApp
from provisioner.emulator.behavior import Behavior
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import HubUser, Limits, World
from tests.builder.night import Night


@pytest.fixture(scope="session")
def key_pair() -> KeyPair:
    """The key of the Dev Hub's app."""
    return make_key_pair()


@pytest.fixture
def make_night(tmp_path: Path, key_pair: KeyPair) -> Iterator[Callable[..., Night]]:
    """Makes a night with a world of a kind."""
    with ExitStack() as stack:

        def make(
            *,
            limits: Limits | None = None,
            is_dev_hub: bool = True,
            hub_app: HubApp = "connected",
            hub_user: HubUser = "administrator",
            behavior: Behavior | None = None,
            speed: float = 2000,
            **latencies: float,
        ) -> Night:
            world = World(
                certificate=key_pair.certificate,
                limits=limits,
                is_dev_hub=is_dev_hub,
                hub_app=hub_app,
                hub_user=hub_user,
                behavior=behavior,
                latencies=Latencies(speed, overrides=latencies),
            )
            server = stack.enter_context(EmulatorServer(world))
            return Night(tmp_path, server, key_pair.private_key)

        yield make


@pytest.fixture
def night(make_night: Callable[..., Night]) -> Night:
    """An ordinary night."""
    return make_night()

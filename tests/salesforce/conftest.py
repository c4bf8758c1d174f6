"""Servers to talk to, and no setting of the machine that the tests run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import ScriptedServer
from tests.salesforce.world import Emulated


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(time_scale=0.001, timeout=(5.0, 20.0)) as made:
        yield made


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with Emulated() as running:
        yield running

"""Live orgs of an emulated Dev Hub, and the tools of an agent over their ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.access.context import AccessContext
from provisioner.access.person import Person
from provisioner.agent.commands import known_secrets
from provisioner.agent.tools import AgentTools
from provisioner.config.load import load
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger
from tests.claim.live_orgs import LiveOrgs, key_pair

OWNER = "agent of ann@acme.example"
AGENT = (
    "mcp: { pools: [morning], lease: 2h, claims: 1, grace: 0s, timeout: 5s, "
    "commands: [[python3], [env]] }"
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrgs]:
    """A Dev Hub, and a folder with a pool.yaml for it."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(500))
    with EmulatorServer(world) as server:
        live = LiveOrgs(server, tmp_path)
        live.write_pool(AGENT)
        yield live


@pytest.fixture
def ledger(live: LiveOrgs) -> Iterator[Ledger]:
    """Its ledger, with the available orgs `one` and `two`."""
    with closing(open_ledger("sqlite:///ledger.db", live.folder)) as ledger:
        for name in ("one", "two"):
            live.add(ledger, name)
        yield ledger


def tools_of(live: LiveOrgs, ledger: Ledger, session: str = "mcp-1") -> AgentTools:
    """The tools of one process."""
    config = load(live.folder / "pool.yaml", environ={}, need="agents")
    assert config.mcp is not None
    person = Person(OWNER, way="mcp", pools=frozenset(config.mcp.pools))
    context = AccessContext(config, ledger, warn=lambda _text: None)
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/home/ann", "SF_TARGET_DEV_HUB": "hub"}
    hidden = known_secrets(environ, [], config.dev_hub.private_key)
    return AgentTools(context, person, config.mcp, environ, hidden, session)


@pytest.fixture
def tools(live: LiveOrgs, ledger: Ledger) -> AgentTools:
    """The tools of an agent that may hold one org."""
    return tools_of(live, ledger)

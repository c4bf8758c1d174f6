"""The tool server as its own process, with the client of the official SDK."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client

from provisioner.ledger.base import Ledger, State
from tests.claim.live_orgs import LiveOrgs

CLAIM = {"pool": "morning", "purpose": "a bug", "lease": "1h"}


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[ClientSession]:
    """A client of a new server process in `folder`."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "provisioner", "mcp"], cwd=folder, env=environ
    )
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process causes."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def server_in(folder: Path) -> int:
    """The process id of the child of this process that runs in `folder`."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and (entry / "cwd").readlink() == folder:
                return int(entry.name)
    raise AssertionError("no server runs")


def is_free(ledger: Ledger) -> bool:
    return not any(org.state is State.CLAIMED for org in ledger.orgs())


def test_a_client_uses_the_tools_and_its_claims_end_with_the_connection(
    live: LiveOrgs, ledger: Ledger
) -> None:
    async def use() -> dict[str, Any]:
        async with connected(live.folder) as session:
            tools = (await session.list_tools()).tools
            names = {
                tool.name: tool.annotations and tool.annotations.read_only_hint for tool in tools
            }
            org = await session.call_tool("claim_org", CLAIM)
            refused = await session.call_tool("run_in_org", {"username": "x", "command": ["sh"]})
            hub = await session.call_tool("org_status", {"username": "hub@acme.example"})
            assert not is_free(ledger)
            return {"names": names, "org": org, "refused": refused, "hub": hub}

    seen = asyncio.run(use())

    assert seen["names"] == {
        "list_pools": True,
        "claim_org": False,
        "run_in_org": False,
        "org_status": True,
        "release_org": False,
    }
    assert json.loads(seen["org"].content[0].text)["pool"] == "morning"
    assert seen["refused"].is_error
    assert "command_not_allowed" in seen["refused"].content[0].text
    assert seen["hub"].is_error
    until(lambda: is_free(ledger))


def test_the_claims_of_a_server_that_is_killed_are_released(live: LiveOrgs, ledger: Ledger) -> None:
    async def use() -> None:
        async with connected(live.folder) as session:
            await session.call_tool("claim_org", CLAIM)
            os.kill(server_in(live.folder), signal.SIGKILL)

    asyncio.run(use())

    until(lambda: is_free(ledger))

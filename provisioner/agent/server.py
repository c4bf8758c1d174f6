"""The tools on stdin and stdout, by the official SDK of the Model Context Protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

import provisioner
from provisioner.agent.tools import AgentTools
from provisioner.errors import ProvisionerError
from provisioner.redaction import redact

_READS = ToolAnnotations(read_only_hint=True)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=False)
_DELETES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)

_INSTRUCTIONS = """\
Scratch orgs of Salesforce, ready to use. Claim one with claim_org, run commands in it with
run_in_org, and release it with release_org when you are done. Your claims are released some time
after you disconnect. You never need a password, key or token: run_in_org logs in.
"""


def create_server(tools: AgentTools, describe: Callable[[Exception], str]) -> MCPServer[Any]:
    """A server with the five tools. `describe` gives the text of an unexpected exception."""
    server: MCPServer[Any] = MCPServer(
        "provisioner",
        instructions=_INSTRUCTIONS,
        version=provisioner.__version__,
        log_level="ERROR",
    )

    async def call(act: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
        try:
            return await asyncio.to_thread(act, *given)
        except ProvisionerError as error:
            raise ToolError(_text(error)) from None
        except Exception as error:  # noqa: BLE001 - its text may contain anything
            raise ToolError(describe(error)) from None

    @server.tool(annotations=_READS)
    async def list_pools() -> dict[str, Any]:
        """List the pools of scratch orgs that you may use, and your limits."""
        return await call(tools.list_pools)

    @server.tool(annotations=_CHANGES)
    async def claim_org(pool: str, purpose: str, lease: str) -> dict[str, Any]:
        """Claim a scratch org of a pool for yourself.

        purpose: what it is for, in a few words. lease: how long you need it, as 30m or 2h.
        """
        return await call(tools.claim_org, pool, purpose, lease)

    @server.tool(annotations=_CHANGES)
    async def run_in_org(username: str, command: list[str]) -> dict[str, Any]:
        """Run an allowed command with the session of an org that you have claimed.

        command: the program and its arguments, without a shell, as ["sf", "data", "query", …]. The
        Salesforce CLI (sf) works in this org without --target-org. Other programs find the session
        in SCRATCH_ORG_INSTANCE_URL and SCRATCH_ORG_ACCESS_TOKEN; do not print it.
        """
        return await call(tools.run_in_org, username, command)

    @server.tool(annotations=_READS)
    async def org_status(username: str = "") -> dict[str, Any]:
        """Show an org that you have claimed: its lease, expiry and contents; by default all."""
        return await call(tools.org_status, username)

    @server.tool(annotations=_DELETES)
    async def release_org(username: str) -> dict[str, Any]:
        """Release an org that you no longer need. It is deleted with all that is in it."""
        return await call(tools.release_org, username)

    return server


def _text(error: ProvisionerError) -> str:
    """What the agent reads. Hints about the command line are for people."""
    is_for_people = "provisioner " in error.hint or "--" in error.hint
    hint = f"\n{error.hint}" if error.hint and not is_for_people else ""
    return f"{error.code}: {error.message}{hint}"


def serve(tools: AgentTools, warn: Callable[[str], None]) -> None:
    """Serve until stdin is closed. `warn` gets the text of an unexpected exception."""

    def describe(error: Exception) -> str:
        text = redact(f"{type(error).__name__}: {error}", tools.secrets)
        warn(text)
        return "internal_error: the call failed because of a bug in provisioner; see its stderr"

    create_server(tools, describe).run("stdio")

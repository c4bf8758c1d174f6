"""`provisioner mcp`: a tool server for coding agents on stdin and stdout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.access.person import Person
    from provisioner.agent.tools import AgentTools
    from provisioner.config.model import PoolFile


def command(
    call: Invocation,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The owner of the claims; by default `agent of` your owner name."
        ),
    ] = None,
) -> None:
    """Serve tools for a coding agent by the Model Context Protocol, on stdin and stdout.

    The agent can claim orgs, run commands in them and release them, within the limits of `mcp` in
    pool.yaml. It gets neither the private key nor a token. Its claims are released some time after
    it has disconnected or ended.
    """
    import secrets

    from provisioner.access.person import Person
    from provisioner.agent.holder import hold
    from provisioner.agent.private_memory import keep_memory_private
    from provisioner.claim.owner import default_owner
    from provisioner.cli.pools import given

    config = call.load("agents")
    if config.mcp is None:
        raise UsageError(
            "pool.yaml has no part mcp, so agents may do nothing",
            hint="write mcp: { pools: [POOL], lease: 2h, claims: 1, commands: [[sf]] }",
        )
    server = _server_module()
    name = given(owner, "--owner") or f"agent of {default_owner(call.child_environment())}"
    person = Person(name, way="mcp", address="this machine", pools=frozenset(config.mcp.pools))
    session = f"mcp-{secrets.token_hex(6)}"

    def release() -> None:
        with _tools(call, config, person, session) as tools:
            tools.release_all(call.output.warn)

    keep_memory_private()
    end = hold(release, config.mcp.grace.total_seconds())
    try:
        with _tools(call, config, person, session) as tools:
            server.serve(tools, call.output.warn)
    finally:
        os.close(end)


def _server_module() -> ModuleType:
    """The module that needs the extra. Raises UsageError when that is not installed."""
    try:
        from provisioner.agent import server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`provisioner mcp` needs the package {error.name}",
            code="extra_missing",
            hint="pip install 'provisioner[mcp]'",
        ) from None
    return server


@contextmanager
def _tools(
    call: Invocation, config: PoolFile, person: Person, session: str
) -> Iterator[AgentTools]:
    """The tools over a ledger that is closed at the end."""
    from provisioner.access.context import AccessContext
    from provisioner.agent.commands import known_secrets
    from provisioner.agent.tools import AgentTools
    from provisioner.ledger import open_ledger

    assert config.mcp is not None
    apps = [config.dev_hub, *([config.scratch_app] if config.scratch_app else [])]
    keys = [key for app in apps for key in (app.private_key, app.former_key)]
    hidden = known_secrets(call.environ, [*call.secret_variables()], *keys)
    with closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger:
        context = AccessContext(config, ledger, call.output.warn)
        yield AgentTools(context, person, config.mcp, call.environ, hidden, session)

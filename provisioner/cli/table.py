"""The commands by name. A module is imported only for its own command and that command's help."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup

from provisioner.cli.options import shared_options
from provisioner.errors import ProvisionerError, UsageError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("provisioner.cli.init", "Create a sample pool.yaml and the files that it names."),
    "check": ("provisioner.cli.check", "Check pool.yaml and the files that it names."),
    "plan": ("provisioner.cli.plan", "Show what a build would do now, why, and what it costs."),
    "build": ("provisioner.cli.build", "Fill the pools: create, resume and replace orgs."),
    "status": ("provisioner.cli.status", "Show the pools and their orgs."),
    "claim": ("provisioner.cli.claim", "Claim an org for one owner."),
    "renew": ("provisioner.cli.renew", "Extend the lease of a claimed org."),
    "release": ("provisioner.cli.release", "Release a claimed org."),
    "login": ("provisioner.cli.login", "Log in to an org with its username and the private key."),
    "reap": ("provisioner.cli.reap", "Delete orgs that are expired, failed, released or orphaned."),
    "report": ("provisioner.cli.report", "Show the record of a run."),
    "rehearse": (
        "provisioner.cli.rehearse",
        "Build this pool.yaml on an emulator, without an account.",
    ),
    "emulator": ("provisioner.cli.emulator", "Run an emulated Dev Hub."),
    "ledger": ("provisioner.cli.ledger", "Copy a ledger to another database."),
    "hub": ("provisioner.cli.hub", "Set up the app of the Dev Hub, and the ledger on it."),
    "source": ("provisioner.cli.source", "Convert source format to metadata format."),
    "schema": ("provisioner.cli.schema", "Print the JSON schema of pool.yaml."),
}
"""Name → module and its line in `--help`. The module defines `command`, or `app` for a group."""


class CommandTable(TyperGroup):
    """The top-level group: it has only the names of its commands until one is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command, imported now; None for a name that is not in the table."""
        return _command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command, or UsageError for an unknown name, with the most similar known name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(COMMANDS)}"
            raise UsageError(f"unknown command {name!r}", hint=advice)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The list of commands in `--help`, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _command(name: str) -> Any:
    module = _module(name)
    if hasattr(module, "app"):
        return typer.main.get_group(module.app)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(shared_options(module.command))
    return typer.main.get_command(app)


def _module(name: str) -> ModuleType:
    path = COMMANDS[name][0]
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise ProvisionerError(f"the command {name} is missing from this installation") from None

"""The commands by name. A module is imported only for its own command and that command's help."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from provisioner.cli.options import shared_options
from provisioner.errors import ProvisionerError, UsageError


class Listed(NamedTuple):
    """The entry of a command in `provisioner --help`, and its module."""

    group: str  # one of GROUPS
    module: str  # defines `command`, or `app` for a command with subcommands
    text: str  # its line in `--help`


GROUPS = ("Start", "Night", "Day", "Set-up", "Tools")
"""The groups of commands, in the order of `--help`."""

COMMANDS: Mapping[str, Listed] = {
    "init": Listed(
        "Start", "provisioner.cli.init", "Create a pool.yaml: for your project, or a sample."
    ),
    "check": Listed(
        "Start", "provisioner.cli.check", "Check pool.yaml and the files that it names."
    ),
    "rehearse": Listed(
        "Start",
        "provisioner.cli.rehearse",
        "Build this pool.yaml on an emulator, without an account.",
    ),
    "plan": Listed(
        "Night", "provisioner.cli.plan", "Show what a build would do now, why, and what it costs."
    ),
    "build": Listed(
        "Night", "provisioner.cli.build", "Fill the pools: create, resume and replace orgs."
    ),
    "retry": Listed("Night", "provisioner.cli.retry", "Continue a failed org that was kept."),
    "report": Listed(
        "Night", "provisioner.cli.report", "Show how a build ended, and why orgs failed."
    ),
    "reap": Listed(
        "Night",
        "provisioner.cli.reap",
        "Delete orgs that are expired, failed, released or orphaned.",
    ),
    "status": Listed("Day", "provisioner.cli.status", "Show the pools and their orgs."),
    "claim": Listed("Day", "provisioner.cli.claim", "Claim an org for one owner."),
    "login": Listed(
        "Day",
        "provisioner.cli.login",
        "Log in to an org with its username and the private key.",
    ),
    "renew": Listed("Day", "provisioner.cli.renew", "Extend the lease of a claimed org."),
    "release": Listed("Day", "provisioner.cli.release", "Release a claimed org."),
    "serve": Listed("Day", "provisioner.cli.serve", "Serve a page and an API over the ledger."),
    "mcp": Listed("Day", "provisioner.cli.mcp", "Serve tools for a coding agent on stdin/stdout."),
    "hub": Listed(
        "Set-up", "provisioner.cli.hub", "Set up the app of the Dev Hub, and the ledger on it."
    ),
    "ledger": Listed("Set-up", "provisioner.cli.ledger", "Copy a ledger to another database."),
    "completion": Listed(
        "Set-up",
        "provisioner.cli.completion",
        "Print the script that completes commands in a shell.",
    ),
    "emulator": Listed("Tools", "provisioner.cli.emulator", "Run an emulated Dev Hub."),
    "source": Listed(
        "Tools", "provisioner.cli.source", "Convert source format to metadata format."
    ),
    "schema": Listed("Tools", "provisioner.cli.schema", "Print the JSON schema of pool.yaml."),
}
"""The commands by name, in the order of `--help`. Their examples are in `examples.py`."""

WIDEST = 10  # the column of the texts, the same in all groups


class HelpContext(typer.Context):
    """The context of a command, whose help page has examples."""

    def get_help(self) -> str:
        """The help page; what writes it is imported only now."""
        from provisioner.cli.help_page import help_page

        return help_page(self)


class CommandTable(TyperGroup):
    """The top-level group: it has only the names of its commands until one is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command, imported now; None for a name that is not in the table."""
        return command_of(cmd_name) if cmd_name in COMMANDS else None

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
        for group in GROUPS:
            rows = [(name, at.text) for name, at in COMMANDS.items() if at.group == group]
            if rows:
                with formatter.section(group):
                    formatter.write_dl([(f"{name:<{WIDEST}}", text) for name, text in rows])


def command_of(name: str) -> Any:
    """The command of the table with this name, imported now; a group has `commands`."""
    command = _command(name)
    for each in (command, *getattr(command, "commands", {}).values()):
        each.context_class = HelpContext
    return command


def _command(name: str) -> Any:
    module = _module(name)
    if hasattr(module, "app"):
        return typer.main.get_group(module.app)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(shared_options(module.command))
    return typer.main.get_command(app)


def _module(name: str) -> ModuleType:
    path = COMMANDS[name].module
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise ProvisionerError(f"the command {name} is missing from this installation") from None

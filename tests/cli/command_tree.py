"""All commands and subcommands of `provisioner`, as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.cli.main import app
from provisioner.cli.table import COMMANDS, command_of

TABLE = dict(COMMANDS)  # without the fakes that tests add


def commands() -> Iterator[tuple[str, Any]]:
    """`build`, `hub`, `hub app` and so on, each with its command."""
    for name in TABLE:
        command = command_of(name)
        yield name, command
        for subname, subcommand in getattr(command, "commands", {}).items():
            yield f"{name} {subname}", subcommand


def parse(words: list[str]) -> None:
    """Read the words of a command line, and do nothing."""
    import typer

    command: Any = typer.main.get_command(app)
    context = command.make_context("provisioner", words)
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, arguments = command.resolve_command(context, rest)
        context = command.make_context(name, arguments, parent=context)


NAMES = [name for name, _ in commands()]
LEAVES = [name for name, command in commands() if not hasattr(command, "commands")]

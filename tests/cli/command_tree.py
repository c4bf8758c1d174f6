"""All commands and subcommands of `provisioner`, as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.cli.table import COMMANDS, command_of

TABLE = dict(COMMANDS)  # without the fakes that tests add


def commands() -> Iterator[tuple[str, Any]]:
    """`build`, `hub`, `hub app` and so on, each with its command."""
    for name in TABLE:
        command = command_of(name)
        yield name, command
        for subname, subcommand in getattr(command, "commands", {}).items():
            yield f"{name} {subname}", subcommand


NAMES = [name for name, _ in commands()]
LEAVES = [name for name, command in commands() if not hasattr(command, "commands")]

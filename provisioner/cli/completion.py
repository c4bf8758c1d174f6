"""`provisioner completion`: prints the script that completes command lines in a shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.invocation import Invocation


class Shell(StrEnum):
    """The shells that have a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def command(
    call: Invocation,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORD…]", hidden=True)] = None,
    candidates: Annotated[
        bool,
        typer.Option(
            "--candidates", help="For the scripts: what the last WORD may become.", hidden=True
        ),
    ] = False,
) -> None:
    """Print the script that completes commands, options and names in a shell.

    Names of pools are those of pool.yaml. Usernames are those of its ledger, if that is a file. Run
    the line of your shell from the examples once, in a folder that exists, and open a new shell.
    The script stays valid after an upgrade of provisioner.
    """
    if candidates:
        from provisioner.cli.candidates import complete

        for line in complete(words or []):
            call.output.result(line, None)
        return
    from provisioner.cli.completion_scripts import SCRIPTS

    call.output.result(SCRIPTS[shell].strip().splitlines(), {"script": SCRIPTS[shell].lstrip()})

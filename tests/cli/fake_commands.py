"""A command that does what a test tells it: one module stands for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from provisioner.cli.invocation import Invocation

DEEDS: list[Callable[[Invocation], Any]] = []
"""What the command does when it is called; filled by the fixture `deed`."""


def command(
    call: Invocation,
    name: Annotated[str, typer.Argument(help="a name")] = "nobody",
    count: Annotated[int, typer.Option(help="a number")] = 1,
) -> None:
    """Do what the test wants.

    More about it.
    """
    if DEEDS:
        DEEDS[-1](call)
    else:
        call.output.result(f"{name} {count}", {"name": name, "count": count})

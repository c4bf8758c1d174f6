"""A group of commands, as `source` is one."""

from __future__ import annotations

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.options import shared_options

app = typer.Typer(help="A group.", rich_markup_mode=None)


@app.callback()
def group() -> None:
    """A group."""


@app.command()
@shared_options
def convert(call: Invocation, folder: str) -> None:
    """Convert a folder."""
    call.output.result(folder, {"folder": folder, "config": str(call.config)})

"""`provisioner serve`: serves the page and the API over the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError


def command(
    call: Invocation,
    host: Annotated[
        str, typer.Option("--host", metavar="H", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="The port; 0 takes a free one.")
    ] = 8443,
) -> None:
    """Serve the page and the API /v1 over the ledger, until stopped.

    People and CI jobs claim orgs and get short-lived sessions; the private key stays on this
    machine. Without `server` in pool.yaml it serves one person on this machine.
    """
    from contextlib import closing

    from provisioner.ledger import open_ledger

    try:
        from provisioner.server.away import RETRY_SECONDS
        from provisioner.server.run import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`provisioner serve` needs the package {error.name}",
            code="extra_missing",
            hint="pip install 'provisioner[server]'",
        ) from None
    config = call.load("server")
    ledger = open_ledger(
        config.ledger, config.directory, config.dev_hub, retry_seconds=RETRY_SECONDS
    )
    say = call.output.say  # nothing with --quiet
    with closing(ledger):
        serve(config, ledger, host, port, say=say, warn=call.output.warn, log=say)

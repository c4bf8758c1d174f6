"""`provisioner build`: fills the pools, and shows the progress and the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.watching import LogFormat, Watch, annotate, view_of

if TYPE_CHECKING:
    from provisioner.builder.result import BuildResult
    from provisioner.output import Output

PoolsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[POOL…]", help="Names of pools; by default all.", show_default=False),
]


def command(
    call: Invocation,
    pools: PoolsArgument = None,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Keep failed orgs for inspection.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="If another build holds one of the pools, wait for it.")
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="At the end, write a manifest of the orgs, without secrets."
        ),
    ] = None,
    log_format: LogFormat = None,
    time_scale: Annotated[
        float,
        typer.Option(
            "--time-scale",
            "--pace",  # the older name
            help="Factor on all waiting times, for tests.",
            min=0.0001,
            hidden=True,
        ),
    ] = 1.0,
) -> int:
    """Fill the pools: create, resume, verify and replace orgs.

    Exit codes: 0 all wanted orgs were built, 4 a Dev Hub limit is reached, 5 the Dev Hub refused
    the login, 6 fewer orgs were built than wanted, 8 another build holds one of the pools,
    9 Salesforce could not be reached.
    """
    from provisioner.builder.context import Options
    from provisioner.builder.run import build
    from provisioner.builder.selection import select_pools
    from provisioner.ledger import open_ledger
    from provisioner.notify.notifier import Notifier
    from provisioner.report.build import build_document, build_text
    from provisioner.report.manifest import ledger_manifest, write_manifest

    config = call.load()
    chosen = select_pools(config, pools)
    output = call.output
    view = view_of(output, log_format, call.environ)
    options = Options(
        keep_failed=keep_failed,
        wait=wait,
        time_scale=time_scale * config.time_scale,
        forecasts=not output.quiet,
    )
    secrets = config.secret_variables
    notifier = Notifier(config.notify, config.directory, call.environ, secrets, output.warn)
    with notifier.watching():
        ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
        try:
            with view.display():
                result = build(config, chosen, ledger, Watch(view, notifier), options)
            if manifest is not None:
                write_manifest(manifest, ledger_manifest(ledger, chosen))
        finally:
            ledger.close()
        notifier.ended(result)
        output.result(build_text(result), build_document(result))
        annotate(call, result.causes)
        _conclude(output, result)
    return result.exit_code


def _conclude(output: Output, result: BuildResult) -> None:
    """Print on stderr why the exit code is not 0."""
    error = result.error()
    if error is not None:
        output.error(error.message, hint=error.hint)

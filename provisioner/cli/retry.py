"""`provisioner retry`: a failed org that was kept continues at the step that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.options import TimeScaleOption

if TYPE_CHECKING:
    from provisioner.builder.result import BuildResult
    from provisioner.output import Output


def command(
    call: Invocation,
    username: Annotated[
        str,
        typer.Argument(
            metavar="ORG", help="Username of a failed org that `build --keep-failed` has kept."
        ),
    ],
    wait: Annotated[
        bool,
        typer.Option("--wait", help="If another build holds the pool of the org, wait for it."),
    ] = False,
    time_scale: TimeScaleOption = 1.0,
) -> int:
    """Continue a failed org at the step that failed, for example after the step was fixed.

    The org becomes available with the contents that pool.yaml asks for now, or fails again and is
    kept. It is refused when what ran in it before is no longer what pool.yaml asks for.
    Exit codes: 0 the org is available, 2 it cannot be continued, 3 no such org, 6 it failed again,
    8 another build holds its pool.
    """
    from provisioner.builder.context import Options
    from provisioner.builder.retry_plan import retriable
    from provisioner.builder.run import build
    from provisioner.cli.pools import given
    from provisioner.cli.watching import view_of
    from provisioner.ledger import open_ledger
    from provisioner.report.build import build_document, build_text

    name, config, output = given(username, "ORG"), call.load(), call.output
    view = view_of(output, "events" if not output.is_live else None, call.environ)
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        org = retriable(ledger, config, name)
        options = Options(
            keep_failed=True,
            wait=wait,
            time_scale=time_scale * config.time_scale,
            retry=org.username,
        )
        with view.display():
            result = build(config, [org.pool], ledger, view, options)
    finally:
        ledger.close()
    lines = [f"{result.retry} is available"] if result.exit_code == 0 else []
    output.result([*lines, *build_text(result)], build_document(result))
    _conclude(output, result)
    return result.exit_code


def _conclude(output: Output, result: BuildResult) -> None:
    """Print on stderr what to do when the org is not available."""
    error = result.error()
    if error is None:
        return
    if result.failed:
        output.error(
            f"{result.retry} failed again, and is kept",
            hint=f"fix the step, then: provisioner retry {result.retry}",
        )
    else:
        output.error(error.message, hint=error.hint)

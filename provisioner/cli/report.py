"""`provisioner report`: shows the record of a run from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import NoOrgError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.ledger.base import Event, Run


def command(
    call: Invocation,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]", help="Id of the run; by default the last run.", show_default=False
        ),
    ] = None,
) -> None:
    """Show what a run did: its result, and each org's changes of state."""
    from provisioner.cli.pools import pools_and_ledger
    from provisioner.report.run import run_document, run_text

    with pools_and_ledger(call, for_claims=False) as (_, ledger):
        found = _find(ledger.runs(limit=1000 if run else 1), run)
        events: Sequence[Event] = ledger.events(run=found.id)
    call.output.result(run_text(found, events), run_document(found, events))


def _find(runs: Sequence[Run], wanted: str | None) -> Run:
    for run in runs:
        if wanted in (None, run.id):
            return run
    if wanted is None:
        message, hint = "the ledger has no run yet", "run `provisioner build` first"
    else:
        message = f"the ledger has no run {wanted}"
        hint = (
            "`provisioner report` shows the last run; each build prints its run id in its last line"
        )
    raise NoOrgError(message, code="unknown_run", hint=hint)

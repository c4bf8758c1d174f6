"""`provisioner report`: shows the record of a run, the list of runs, or the history of an org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger


def command(
    call: Invocation,
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|ORG]",
            help="Id of a run, or username of an org; by default the last run that had something "
            "to build.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[bool, typer.Option("--runs", help="List the runs, the newest first.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Also show each change of state of each org.")
    ] = False,
) -> None:
    """Show what a run did: its result, why orgs failed, and how long each step took.

    With the username of an org, show its steps, claims and events. With --runs, list the runs.
    """
    from provisioner.cli.pools import given, pools_and_ledger

    chosen = given(subject, "RUN")
    if runs and chosen:
        raise UsageError("--runs lists all runs, so it takes no RUN or ORG")
    with pools_and_ledger(call, for_claims=False) as (_, ledger):
        if runs:
            _list(call, ledger)
        elif "@" in chosen:
            _show_org(call, ledger, chosen)
        else:
            _show_run(call, ledger, chosen, with_events=events)


def _list(call: Invocation, ledger: Ledger) -> None:
    from provisioner.output import table
    from provisioner.report.runs import HEADERS, LISTED, runs_document, runs_rows

    found = ledger.runs(limit=LISTED)
    lines = table(HEADERS, runs_rows(found)) or ["The ledger has no run yet."]
    call.output.result(lines, runs_document(found))


def _show_org(call: Invocation, ledger: Ledger, username: str) -> None:
    from provisioner.report.org import find_org, history_document, history_text

    history = find_org(ledger, username)
    call.output.result(history_text(history), history_document(history))


def _show_run(call: Invocation, ledger: Ledger, run_id: str, *, with_events: bool) -> None:
    from provisioner.report.record import find_record
    from provisioner.report.run import events_text, record_document, run_text

    record = find_record(ledger, run_id)
    lines = run_text(record)
    if with_events:
        lines += ["", "Events:", *(f"  {line}" for line in events_text(record.events))]
    call.output.result(lines, record_document(record))

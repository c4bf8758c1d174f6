"""`provisioner report`: shows the record of a run, the list of runs, or the history of an org."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger

STDOUT = "-"


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
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report as one HTML file; - is stdout."),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JUnit XML, for the test view of a CI system."),
    ] = None,
    prometheus: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write metrics for Prometheus (textfile collector)."),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write Markdown, for the summary of a CI job."),
    ] = None,
) -> None:
    """Show what a run did: its result, why orgs failed, and how long each step took.

    With the username of an org, show its steps, claims and events. With --runs, list the runs.
    """
    from provisioner.cli.pools import given, pools_and_ledger

    chosen = given(subject, "RUN")
    files = {"html": html, "junit": junit, "prometheus": prometheus, "markdown": markdown}
    wanted = {name: path for name, path in files.items() if path is not None}
    _check(call, chosen, wanted, runs=runs)
    with pools_and_ledger(call, for_claims=False) as (_, ledger):
        if runs:
            _list(call, ledger)
        elif "@" in chosen:
            _show_org(call, ledger, chosen)
        else:
            _show_run(call, ledger, chosen, wanted, with_events=events)


def _check(call: Invocation, subject: str, files: Mapping[str, Path], *, runs: bool) -> None:
    """Raise UsageError for options that exclude each other."""
    if runs and subject:
        raise UsageError("--runs lists all runs, so it takes no RUN or ORG")
    if files and (runs or "@" in subject):
        raise UsageError(f"--{next(iter(files))} writes the report of a run; pass a RUN, or none")
    to_stdout = [f"--{name}" for name, path in files.items() if str(path) == STDOUT]
    to_stdout += ["--json"] if to_stdout and call.output.as_json else []
    if len(to_stdout) > 1:
        raise UsageError(
            f"{' and '.join(to_stdout)} both write to stdout", hint="name a file for one of them"
        )


def _list(call: Invocation, ledger: Ledger) -> None:
    from provisioner.report.columns import fitted
    from provisioner.report.runs import HEADERS, LISTED, runs_document, runs_rows

    found = ledger.runs(limit=LISTED)
    blocks = fitted(HEADERS, runs_rows(found), call.output.width)
    lines = [line for block in blocks for line in block]
    none = ["The ledger has no run yet."]
    call.output.result(lines if found else none, runs_document(found))


def _show_org(call: Invocation, ledger: Ledger, username: str) -> None:
    from provisioner.report.org import find_org, history_document, history_text

    history = find_org(ledger, username)
    call.output.result(history_text(history), history_document(history))


def _show_run(
    call: Invocation, ledger: Ledger, run_id: str, files: Mapping[str, Path], *, with_events: bool
) -> None:
    from provisioner.report.forms import FORMS
    from provisioner.report.record import find_record
    from provisioner.report.run import events_text, record_document, run_text
    from provisioner.report.whole_file import write_whole

    record = find_record(ledger, run_id)
    is_printed = False
    for name, path in files.items():
        text = call.output.redacted(FORMS[name](record, ledger))
        if str(path) == STDOUT:
            call.output.text(text)
            is_printed = True
        else:
            write_whole(path, text, what="the report")
            call.output.say(f"wrote {path}")
    if not is_printed:
        lines = run_text(record)
        if with_events:
            lines += ["", "Events:", *(f"  {line}" for line in events_text(record.events))]
        call.output.result(lines, record_document(record))

"""`provisioner plan`: shows what a build would do now, why, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.build import PoolsArgument
from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

FORMATS = ("text", "markdown")


def command(
    call: Invocation,
    pools: PoolsArgument = None,
    with_exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Exit with 10 when a build would change something, with 0 when it would not.",
        ),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The pool.yaml in use: show what this one changes. Nothing is sent or read "
            "but files.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", metavar="text|markdown", help="With --against: the format."),
    ] = "text",
) -> int:
    """Show what a build would do now, why, and what it costs.

    The marks: + create, > resume, ~ replace, - delete, = keep, ! cannot. The command reads the Dev
    Hub's scratch orgs, limits and package versions, and changes nothing. Its forecast uses the
    durations of past builds, or the times that `check --probe` has measured.

    With --exit-code, the exit code is 10 when a build would sign up, resume or delete an org; 4
    when orgs are missing and a Dev Hub limit leaves no sign-up for them; else 0.

    With --against FILE, it compares FILE, the pool.yaml in use, with this one, for example in the
    check of a pull request: which orgs of full pools would be replaced, and why. It needs neither
    the Dev Hub nor the ledger, and no secret. Relative paths in FILE start at its folder.
    """
    if form not in FORMATS:
        raise UsageError(f"--format: {form!r} is no format", hint=f"pass {' or '.join(FORMATS)}")
    if against is not None:
        from provisioner.cli.plan_against import compare_with
        from provisioner.report.plan_document import CHANGES

        has_changes = compare_with(call, against, pools or (), is_markdown=form == "markdown")
        return CHANGES if with_exit_code and has_changes else 0
    if form != "text":
        raise UsageError("--format markdown is for --against")
    return _plan(call, pools, with_exit_code=with_exit_code)


def _plan(call: Invocation, pools: list[str] | None, *, with_exit_code: bool) -> int:
    from provisioner.builder.history import MOST_RUNS
    from provisioner.builder.preview import preview
    from provisioner.builder.selection import select_pools
    from provisioner.cli.pools import warn_of_broken
    from provisioner.ledger import open_ledger
    from provisioner.report.estimate import estimate
    from provisioner.report.plan import MARKS, plan_text
    from provisioner.report.plan_document import exit_code, plan_document

    config = call.load()
    chosen = select_pools(config, pools)
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        runs, facts = ledger.runs(limit=MOST_RUNS), ledger.facts(config.facts_subject)
        found = preview(config, chosen, ledger, call.output.warn, runs)
        cost = estimate(found.config, found.plans, runs, facts, found.snapshots)
        warn_of_broken(call, ledger)
    finally:
        ledger.close()
    builders = {org.builder_id for plan in found.plans for org in plan.resume}
    for run in (run for run in runs if run.id in builders and run.finished_at is None):
        call.output.warn(
            f"run {run.id} has not finished: while it is running, another build of its pools exits "
            "with code 8; if it was interrupted, a build resumes its orgs"
        )
    text = plan_text(found, cost, width=call.output.width)
    call.output.result(text, plan_document(found, cost), marks=MARKS)
    return exit_code(found) if with_exit_code else 0

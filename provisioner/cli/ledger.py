"""`provisioner ledger copy`: copies all orgs, events and runs to an empty ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.options import shared_options
from provisioner.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from provisioner.ledger.base import Run
    from provisioner.ledger.transfer import Copyable

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def ledger() -> None:
    """Copy a ledger to another database."""


def copy(
    call: Invocation,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="URL of the ledger to copy.", show_default=False)
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="URL of an empty ledger.", show_default=False)
    ],
) -> None:
    """Copy all orgs, events and runs of one ledger to another.

    FROM and TO are URLs as in pool.yaml. Relative paths start at the folder of pool.yaml. Write
    '${NAME}' in single quotes for a password from the environment, so that the process list does
    not show it. Nothing is copied if a build is running on FROM or TO, or if TO is not empty. FROM
    is not changed.
    """
    from provisioner.config.rehearsed import exported, on_real_hub_only
    from provisioner.ledger.transfer import copy as copy_ledger

    if exported(call.environ):
        raise on_real_hub_only("ledger copy")
    from_url, to_url = _expanded(call, source, "FROM"), _expanded(call, target, "TO")
    _refuse_wrong_forms({"FROM": from_url, "TO": to_url})
    if from_url == to_url:
        raise UsageError("FROM and TO are the same ledger")
    folder = call.config.parent
    with _argument_named("FROM"):
        _refuse_missing_file(from_url, folder)
    with _opened(call, from_url, "FROM") as old, _opened(call, to_url, "TO") as new:
        copied = copy_ledger(old, new, _this_run())
    call.output.result(f"copied {copied}", copied.counts())
    call.output.say(
        "Next step: write the new URL in every pool.yaml. Claims and builds on the old ledger "
        "after this copy are not in the new one."
    )


app.command("copy")(shared_options(copy))


@contextmanager
def _opened(call: Invocation, url: str, which: str) -> Iterator[Copyable]:
    from provisioner.ledger import open_ledger
    from provisioner.ledger.transfer import Copyable

    dev_hub = call.load("hub_and_ledger").dev_hub if url == "devhub" else None
    with _argument_named(which):
        ledger = open_ledger(url, call.config.parent, dev_hub)
    try:
        if not isinstance(ledger, Copyable):
            raise UsageError(f"{which}: this kind of ledger cannot be copied")
        yield ledger
    finally:
        ledger.close()


@contextmanager
def _argument_named(which: str) -> Iterator[None]:
    """In an error about the URL, the name of the argument in place of the key `ledger`."""
    try:
        yield
    except UsageError as error:
        if error.message.startswith("ledger: "):
            error.message = which + error.message.removeprefix("ledger")
        raise


def _expanded(call: Invocation, url: str, which: str) -> str:
    from provisioner.config.scalars import VariableError, expand

    try:
        return expand(url, call.environ).value
    except VariableError as error:
        raise UsageError(f"{which}: {error}") from None


def _refuse_wrong_forms(urls: Mapping[str, str]) -> None:
    """Raise UsageError for URLs that pool.yaml would refuse: what to write, for each of them."""
    from provisioner.config.rules import ledger_rule

    problems = [f"{which}: {found}" for which, url in urls.items() if (found := ledger_rule(url))]
    if problems:
        raise UsageError("\n".join(problems))


def _refuse_missing_file(url: str, folder: Path) -> None:
    """Raise LedgerError if an SQLite ledger does not exist: opening it would create it."""
    if not url.startswith("sqlite:"):
        return
    from provisioner.ledger.sqlite.address import path_of

    path = path_of(url, folder)
    if not path.exists():
        raise LedgerError(
            f"the ledger {path} does not exist",
            code="ledger_missing",
            hint="relative paths start at the folder of pool.yaml; --config names that file",
        )


def _this_run() -> Run:
    """The run that a build shows as the holder of the lock if it starts during the copy."""
    import os
    import socket

    from provisioner.ledger.base import Run
    from provisioner.ledger.rows import utc_now

    return Run(id="ledger copy", host=socket.gethostname(), pid=os.getpid(), started_at=utc_now())

"""`provisioner hub`: what the Dev Hub needs for `ledger: devhub`, put there, removed, unlocked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.options import shared_options

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.devhub.install import Installed
    from provisioner.salesforce.org import OrgClient

PaceOption = Annotated[
    float, typer.Option(help="Factor on all waits, for tests.", min=0.0, hidden=True)
]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def hub() -> None:
    """Prepare the Dev Hub to be the ledger itself (`ledger: devhub`)."""


@app.command("install")
@shared_options
def install_command(
    call: Invocation,
    builder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USERNAME",
            help="Who may build; may be repeated. By default dev_hub.username.",
            show_default=False,
        ),
    ] = None,
    consumer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USERNAME", help="Who may claim; may be repeated.", show_default=False
        ),
    ] = None,
    pace: PaceOption = 1.0,
) -> None:
    """Deploy five custom objects and two permission sets to the Dev Hub, and assign them.

    The user of pool.yaml must be an administrator of the Dev Hub. Doing it twice changes nothing;
    later versions bring the objects up to date in the same way.
    """
    from provisioner.ledger.devhub.install import install

    config = call.load("hub_and_ledger")
    with _administered(config) as client:
        done = install(
            client,
            builders=builder or [config.dev_hub.username],
            consumers=consumer or [],
            say=call.output.say,
            pace=pace,
        )
    call.output.result(_told(done), _document(done))
    if config.ledger != "devhub":
        call.output.say("now write `ledger: devhub` into pool.yaml")


@app.command("uninstall")
@shared_options
def uninstall_command(
    call: Invocation,
    force: Annotated[
        bool, typer.Option("--force", help="Also when the ledger knows orgs that still live.")
    ] = False,
    pace: PaceOption = 1.0,
) -> None:
    """Delete the objects with their records, and the permission sets, from the Dev Hub."""
    from provisioner.ledger.devhub.install import uninstall

    with _administered(call.load("hub_and_ledger")) as client:
        was_there = uninstall(client, force=force, say=call.output.say, pace=pace)
    text = "the Dev Hub holds no ledger any more" if was_there else "there was no ledger"
    call.output.result(text, {"uninstalled": was_there})


@app.command("unlock")
@shared_options
def unlock_command(
    call: Invocation,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run that holds the lock.")],
) -> None:
    """Take the ledger's lock from a build whose machine is gone.

    A build that dies on another machine keeps its lock for fifteen minutes. If it lives after
    all, it can write nothing more, and ends with an error.
    """
    from provisioner.ledger.devhub.build_lock import unlock
    from provisioner.ledger.devhub.session import HubSession

    config = call.load("hub_and_ledger")
    session = HubSession(config.dev_hub)
    try:
        was = unlock(session, run)
    finally:
        session.close()
    text = f"{was['run']} on {was['host']}, process {was['pid']}, has lost the lock"
    call.output.result(text, {"unlocked": was})


@contextmanager
def _administered(config: PoolFile) -> Iterator[OrgClient]:
    """The Dev Hub's API; what it refuses is a matter of its set-up, not of a build."""
    from provisioner.builder.connections import Connections
    from provisioner.errors import LedgerError, SalesforceError

    with Connections(config) as connections:
        try:
            yield connections.hub.client
        except SalesforceError as error:
            if error.is_unreachable:
                raise
            raise LedgerError(
                error.message,
                code="hub_refused",
                hint=error.hint or "this needs an administrator of the Dev Hub as dev_hub.username",
            ) from None


def _told(done: Installed) -> list[str]:
    what = "installed" if done.is_new else "up to date"
    lines = [f"the ledger is {what} ({done.components} components)"]
    lines += [f"may build: {', '.join(done.builders)}"] if done.builders else []
    lines += [f"may claim: {', '.join(done.consumers)}"] if done.consumers else []
    return lines


def _document(done: Installed) -> dict[str, object]:
    return {
        "new": done.is_new,
        "components": done.components,
        "builders": list(done.builders),
        "consumers": list(done.consumers),
    }

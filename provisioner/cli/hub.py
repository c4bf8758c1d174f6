"""`provisioner hub`: the Dev Hub's app, and the ledger on the Dev Hub (`ledger: devhub`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import hub_app
from provisioner.cli.invocation import Invocation
from provisioner.cli.options import TimeScaleOption, shared_options

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.devhub.install import Installed
    from provisioner.salesforce.org import OrgClient

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def hub() -> None:
    """Set up the app of the Dev Hub, and the ledger on it (`ledger: devhub`)."""


app.command("app")(shared_options(hub_app.command))


@app.command("install")
@shared_options
def install_command(
    call: Invocation,
    builder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USERNAME",
            help="A user who may build; repeatable; by default dev_hub.username.",
            show_default=False,
        ),
    ] = None,
    consumer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="USERNAME", help="A user who may claim; repeatable.", show_default=False
        ),
    ] = None,
    time_scale: TimeScaleOption = 1.0,
) -> None:
    """Install the ledger on the Dev Hub, or update it.

    The command deploys five custom objects and two permission sets, and assigns the permission
    sets. dev_hub.username of pool.yaml must be an administrator of the Dev Hub. Run it again after
    an upgrade of provisioner. If everything is up to date, it changes nothing.
    """
    from provisioner.ledger.devhub.install import install

    config = call.load("hub_and_ledger")
    with _administered(config) as client:
        done = install(
            client,
            builders=builder or [config.dev_hub.username],
            consumers=consumer or [],
            say=call.output.say,
            time_scale=time_scale,
        )
    call.output.result(_text(done), _document(done))
    if config.ledger != "devhub":
        call.output.say("Next step: write `ledger: devhub` in pool.yaml.")


@app.command("uninstall")
@shared_options
def uninstall_command(
    call: Invocation,
    force: Annotated[
        bool,
        typer.Option("--force", help="Uninstall even if the ledger has orgs that are not deleted."),
    ] = False,
    time_scale: TimeScaleOption = 1.0,
) -> None:
    """Remove the ledger from the Dev Hub.

    The command deletes the custom objects with all their records, and the permission sets.
    """
    from provisioner.ledger.devhub.install import uninstall

    with _administered(call.load("hub_and_ledger")) as client:
        was_installed = uninstall(client, force=force, say=call.output.say, time_scale=time_scale)
    text = (
        "The ledger was removed from the Dev Hub."
        if was_installed
        else "The Dev Hub has no ledger."
    )
    call.output.result(text, {"uninstalled": was_installed})


@app.command("unlock")
@shared_options
def unlock_command(
    call: Invocation,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run that holds the lock.")],
) -> None:
    """Release the lock of a build whose machine is gone.

    Without this command, the lock of a build that crashed on another machine is released after
    fifteen minutes. If that build is still running, it stops with an error and writes nothing more.
    """
    from provisioner.ledger.devhub.build_lock import unlock
    from provisioner.ledger.devhub.session import HubSession

    config = call.load("hub_and_ledger")
    session = HubSession(config.dev_hub)
    try:
        was = unlock(session, run)
    finally:
        session.close()
    text = f"Released the lock of run {was['run']} on {was['host']} (process {was['pid']})."
    call.output.result(text, {"unlocked": was})


@contextmanager
def _administered(config: PoolFile) -> Iterator[OrgClient]:
    """The Dev Hub's API. A refusal is raised as LedgerError, because it concerns the set-up."""
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
                hint=error.hint or "dev_hub.username must be an administrator of the Dev Hub",
            ) from None


def _text(done: Installed) -> list[str]:
    what = "installed" if done.is_new else "up to date"
    lines = [f"The ledger is {what} ({done.components} components)."]
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

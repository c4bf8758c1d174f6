"""`provisioner reap`: deletes orgs that are failed, given back, expired, or past their lease."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation

if TYPE_CHECKING:
    from provisioner.reap import Reaped


def command(
    call: Invocation,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted, and why; delete nothing.")
    ] = False,
) -> int:
    """Delete orgs that are failed, given back, expired, or whose lease has ended.

    Exits with 6 when an org could not be deleted.
    """
    from provisioner.build.connections import Connections
    from provisioner.ledger import open_ledger
    from provisioner.reap import reap, to_reap

    config = call.load("hub_and_ledger")
    now = datetime.now(UTC)
    ledger = open_ledger(config.ledger, config.directory)
    try:
        found = to_reap(ledger.orgs(), now)
        if found and not dry_run:
            with Connections(config) as connections:
                found = reap(connections.hub, ledger, found, now)
    finally:
        ledger.close()
    _show(call, found, dry_run=dry_run)
    return 6 if any(item.left_because for item in found) else 0


def _show(call: Invocation, found: list[Reaped], *, dry_run: bool) -> None:
    from provisioner.ledger.document import org_document
    from provisioner.output import table

    rows = [(item.org.username, item.reason, _outcome(item, dry_run)) for item in found]
    document = [
        {
            "org": org_document(item.org),
            "reason": item.reason,
            "deleted": not (dry_run or item.left_because),
            "left_because": item.left_because,
        }
        for item in found
    ]
    text = table(("username", "why", "what"), rows) or "nothing to delete"
    call.output.result(text, {"orgs": document})


def _outcome(item: Reaped, dry_run: bool) -> str:
    if dry_run:
        return "would be deleted"
    return f"left: {item.left_because}" if item.left_because else "deleted"

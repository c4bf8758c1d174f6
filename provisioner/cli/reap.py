"""`provisioner reap`: deletes orgs that are no longer needed, and restores a lost ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError
from provisioner.ledger.base import TO_DELETE, State

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org
    from provisioner.upkeep.reap import Reaped
    from provisioner.upkeep.rebuild import Rebuilt


def command(
    call: Invocation,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and why. Delete nothing.")
    ] = False,
    kept: Annotated[
        bool,
        typer.Option("--kept", help="Also delete failed orgs that `build --keep-failed` kept."),
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Restore the rows of a lost ledger. Delete nothing.")
    ] = False,
) -> int:
    """Delete orgs that are failed, released, expired, past their lease, or orphaned.

    Failed orgs that were kept (`build --keep-failed`) are deleted with --kept, or when they expire.
    An orphan has the ownership tag of this pool.yaml's project, but no row in the ledger, for
    example because the ledger was lost; --rebuild restores the rows. Orgs without the ownership
    tag are never deleted. The exit code is 6 when an org could not be deleted.
    """
    from provisioner.builder.connections import Connections
    from provisioner.cli.pools import warn_of_broken
    from provisioner.ledger import open_ledger

    if rebuild and (dry_run or kept):
        option = "--dry-run" if dry_run else "--kept"
        raise UsageError(f"{option} cannot be used with --rebuild")
    config = call.load("hub_and_ledger")
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        with Connections(config) as connections:
            if rebuild:
                _show_rebuilt(call, _rebuild(config, connections, ledger))
                return 0
            found = _reap(config, connections, ledger, dry_run=dry_run, kept=kept)
        warn_of_broken(call, ledger)
    finally:
        ledger.close()
    _show(call, found, dry_run=dry_run)
    return 6 if any(item.left_because for item in found) else 0


def _reap(
    config: PoolFile, connections: Connections, ledger: Ledger, *, dry_run: bool, kept: bool
) -> Sequence[Reaped]:
    from provisioner.builder.survey import gone, survey
    from provisioner.upkeep.lifetimes import HELD, corrected
    from provisioner.upkeep.reap import orphan_reasons, orphans, reap, to_reap

    active = survey(connections)  # read before the rows: see orphans()
    now = connections.clock.now()
    rows = corrected(ledger.orgs(states=State), [org.sign_up for org in active])
    gone_orgs = gone(connections.hub, active, [r for r in rows if r.state in HELD or _is_kept(r)])
    unknown = orphans(config, active, rows, ledger.broken())
    found = [*to_reap(rows, now, gone_orgs, kept=kept), *orphan_reasons(unknown, rows)]
    return found if dry_run else reap(connections.hub, ledger, found, now)


def _is_kept(org: Org) -> bool:
    return org.kept and org.state in TO_DELETE


def _rebuild(config: PoolFile, connections: Connections, ledger: Ledger) -> Sequence[Rebuilt]:
    from provisioner.builder.inspection import inspect_org
    from provisioner.builder.survey import survey
    from provisioner.salesforce.app_keys import derived_consumer_key
    from provisioner.upkeep.reap import orphans
    from provisioner.upkeep.rebuild import rebuild

    active = survey(connections)
    rows = ledger.orgs(states=State)
    found = orphans(config, active, rows, ledger.broken())
    now = connections.clock.now()

    def consumer_keys(username: str) -> list[str]:
        keys = [config.consumer_app.consumer_key, derived_consumer_key(username)]
        return keys[::-1] if config.dev_hub.login_app == "deployed" else keys

    return rebuild(
        ledger,
        found,
        consumer_keys,
        lambda org, since: inspect_org(connections, org, since),
        now,
    )


def _show_rebuilt(call: Invocation, rebuilt: Sequence[Rebuilt]) -> None:
    from provisioner.ledger.document import org_document
    from provisioner.output import table

    rows = [(item.org.username, item.org.pool, item.how) for item in rebuilt]
    text = table(("username", "pool", "how"), rows) or "No orphan was found."
    documents = [{"org": org_document(item.org), "how": item.how} for item in rebuilt]
    call.output.result(text, {"orgs": documents})


def _show(call: Invocation, found: Sequence[Reaped], *, dry_run: bool) -> None:
    from provisioner.ledger.document import org_document
    from provisioner.output import table

    rows = [(item.org.username, item.reason, _outcome(item, dry_run)) for item in found]
    document = [
        {
            "org": org_document(item.org),
            "reason": item.reason,
            "alien": item.is_orphan,
            "deleted": not (dry_run or item.left_because),
            "left_because": item.left_because,
        }
        for item in found
    ]
    text = table(("username", "why", "what"), rows) or "Nothing to delete."
    call.output.result(text, {"orgs": document})


def _outcome(item: Reaped, dry_run: bool) -> str:
    if dry_run:
        return "would be deleted"
    return f"not deleted: {item.left_because}" if item.left_because else "deleted"

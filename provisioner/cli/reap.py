"""`provisioner reap`: deletes orgs that are no longer needed, and restores a lost ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.config.unknown_pool import unknown_pool
from provisioner.errors import UsageError
from provisioner.ledger.base import TO_DELETE

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.cli.reap_snapshots import ReapedSnapshot
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
    removed_pool: Annotated[
        list[str] | None,
        typer.Option(
            "--removed-pool",
            metavar="POOL",
            help="Also delete the available and unfinished orgs of a pool that pool.yaml does not "
            "have; can be repeated.",
            show_default=False,
        ),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Restore the rows of a lost ledger. Delete nothing.")
    ] = False,
) -> int:
    """Delete orgs that are failed, released, expired, past their lease, or orphaned.

    Failed orgs that were kept (`build --keep-failed`) are deleted with --kept, or when they expire.
    An orphan has the ownership tag of this pool.yaml's project, but no row in the ledger, for
    example because the ledger was lost; --rebuild restores the rows. Orgs without the ownership
    tag are never deleted. A build leaves the orgs of a pool alone that was removed from pool.yaml;
    --removed-pool deletes those that are not claimed. Org snapshots of this project that no pool
    uses any more are deleted, too. The exit code is 6 when something could not be deleted.
    """
    from provisioner.builder.connections import Connections
    from provisioner.cli.pools import warn_of_broken
    from provisioner.cli.reap_snapshots import reap_snapshots
    from provisioner.ledger import open_ledger

    given = {"--dry-run": dry_run, "--kept": kept, "--removed-pool": removed_pool}
    if rebuild and (option := next((name for name, value in given.items() if value), "")):
        raise UsageError(f"{option} cannot be used with --rebuild")
    config = call.load("hub_and_ledger")
    removed = frozenset(removed_pool or ())
    ledger = open_ledger(config.ledger, config.directory, config.dev_hub)
    try:
        _require_removed(removed, config, ledger)
        with Connections(config) as connections:
            if rebuild:
                _show_rebuilt(call, _rebuild(config, connections, ledger))
                return 0
            found = _reap(config, connections, ledger, dry_run=dry_run, kept=kept, removed=removed)
            snapshots = reap_snapshots(call, connections, ledger, dry_run=dry_run)
        warn_of_broken(call, ledger)
    finally:
        ledger.close()
    _show(call, found, snapshots, dry_run=dry_run)
    left = [*(item.left_because for item in found), *(item.left_because for item in snapshots)]
    return 6 if any(left) else 0


def _require_removed(pools: Collection[str], config: PoolFile, ledger: Ledger) -> None:
    """Raises UsageError for a pool that pool.yaml has, or that the ledger does not know."""
    for pool in pools:
        if pool in config.pools:
            raise UsageError(
                f"--removed-pool: pool.yaml has the pool {pool}",
                hint="remove the pool from pool.yaml first, so that no build fills it again",
            )
        if not ledger.orgs(pool=pool):
            known = {org.pool for org in ledger.orgs()} - {*config.pools}
            raise (
                unknown_pool(pool, known)
                if known
                else UsageError(
                    f"--removed-pool: the ledger has no orgs of a pool {pool}", code="unknown_pool"
                )
            )


def _reap(
    config: PoolFile,
    connections: Connections,
    ledger: Ledger,
    *,
    dry_run: bool,
    kept: bool,
    removed: Collection[str],
) -> Sequence[Reaped]:
    from provisioner.builder.survey import gone, survey
    from provisioner.upkeep.builders import without_builder
    from provisioner.upkeep.lifetimes import HELD, corrected
    from provisioner.upkeep.reap import orphan_reasons, orphans, reap, rows_for, to_reap

    active = survey(connections)  # before the rows: see orphans()
    now = connections.clock.now()
    rows = corrected(rows_for(config, active, ledger), [org.sign_up for org in active])
    gone_orgs = gone(connections.hub, active, [r for r in rows if r.state in HELD or _is_kept(r)])
    unknown = orphans(config, active, rows, ledger.broken())
    own = to_reap(rows, now, gone_orgs, kept=kept, removed=removed)
    found, busy = without_builder(ledger, [*own, *orphan_reasons(unknown, rows)])
    return [*found, *busy] if dry_run else [*reap(connections.hub, ledger, found, now), *busy]


def _is_kept(org: Org) -> bool:
    return org.kept and org.state in TO_DELETE


def _rebuild(config: PoolFile, connections: Connections, ledger: Ledger) -> Sequence[Rebuilt]:
    from provisioner.builder.inspection import inspect_org
    from provisioner.builder.survey import survey
    from provisioner.salesforce.app_keys import derived_consumer_key
    from provisioner.upkeep.reap import orphans, rows_for
    from provisioner.upkeep.rebuild import rebuild

    active = survey(connections)
    rows = rows_for(config, active, ledger)
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


def _show(
    call: Invocation,
    found: Sequence[Reaped],
    snapshots: Sequence[ReapedSnapshot],
    *,
    dry_run: bool,
) -> None:
    from provisioner.ledger.document import org_document
    from provisioner.output import table

    rows = [(item.org.username, item.reason, _outcome(item, dry_run)) for item in found]
    rows += [(f"snapshot {item.name}", item.reason, _outcome(item, dry_run)) for item in snapshots]
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
    documents = [item.document(dry_run=dry_run) for item in snapshots]
    call.output.result(text, {"orgs": document, "snapshots": documents})


def _outcome(item: Reaped | ReapedSnapshot, dry_run: bool) -> str:
    if item.left_because:
        return f"not deleted: {item.left_because}"
    return "would be deleted" if dry_run else "deleted"

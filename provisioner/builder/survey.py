"""Compares the scratch orgs of the Dev Hub with the ledger, before a build plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.plain_text import quantity
from provisioner.plan import Removal
from provisioner.salesforce.active_orgs import ActiveOrg, active_orgs
from provisioner.upkeep.builders import of_other_builds
from provisioner.upkeep.lifetimes import HELD, corrected
from provisioner.upkeep.reap import Reaped, orphan_reasons, orphans, reap, rows_for

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.builder.context import BuildContext
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger
    from provisioner.salesforce.hub import DevHub

GONE = "no longer on the Dev Hub"
_NOT_A_HUB = frozenset({"INVALID_TYPE", "NOT_FOUND"})


def survey(connections: Connections) -> list[ActiveOrg]:
    """All active scratch orgs, in one query.

    Raises SalesforceError when the org is not a Dev Hub. (Its limits do not show that: an ordinary
    org has limits of scratch orgs as well, see docs/reference/dev-hub.md.) Raises ClockError when
    the clock of this machine is wrong.
    """
    hub = connections.hub
    try:
        return active_orgs(hub)
    except SalesforceError as error:
        if error.error_code not in _NOT_A_HUB:
            raise
        raise SalesforceError(
            f"{hub.client.name} can log in, but the org is not a Dev Hub, or the user cannot see "
            "ScratchOrgInfo",
            error_code=error.error_code,
            kind=ErrorKind.CONFIGURATION,
            hint="enable Dev Hub in Setup, and give the user Read, Create, Edit and Delete on "
            "Scratch Org Infos, and Read, Edit and Delete on Active Scratch Orgs",
        ) from None


def reconcile(context: BuildContext, active: Sequence[ActiveOrg], pools: Collection[str]) -> None:
    """Expire rows whose orgs are gone, delete orgs whose rows are closed, report unknown ones."""
    ledger, hub = context.ledger, context.connections.hub
    _correct(context, active)
    for org in gone(hub, active, ledger.orgs(states=[State.AVAILABLE])):
        if context.lifecycle.expire(org, GONE):
            context.reporter.warn(f"{org.username} is {GONE} and will be replaced")
    rows = rows_for(context.config, active, ledger)
    found = orphan_reasons(orphans(context.config, active, rows, ledger.broken()), rows)
    known = {row.username for row in rows}
    late = closed(context.config, ledger, found, rows, pools)
    done = reap(hub, ledger, late, context.now())
    context.progress.delete(Removal(i.org, i.reason) for i in done if not i.left_because)
    unknown = sum(item.org.username not in known for item in found)
    if unknown:
        context.reporter.warn(
            f"found {quantity(unknown, 'orphan')}: scratch orgs with this project's ownership tag "
            "that are not in the ledger. `provisioner reap` deletes them; `provisioner reap "
            "--rebuild` restores their rows"
        )


def closed(
    config: PoolFile,
    ledger: Ledger,
    found: Iterable[Reaped],
    rows: Iterable[Org],
    pools: Collection[str],
) -> list[Reaped]:
    """The orphans whose rows are closed, except those of pools that other builds may be building.

    Such a build may have deleted the org after the Dev Hub was asked for the active ones.
    """
    known = {row.username for row in rows}
    late = [item for item in found if item.org.username in known]
    others = of_other_builds(config, ledger, {item.org.pool for item in late}, pools)
    return [item for item in late if item.org.pool not in others]


def _correct(context: BuildContext, active: Sequence[ActiveOrg]) -> None:
    """Write the Dev Hub's day of expiry into rows that have an earlier one: claims read the row."""
    rows = context.ledger.orgs(states=HELD)
    for row, better in zip(rows, corrected(rows, (o.sign_up for o in active)), strict=True):
        if better is not row:
            context.lifecycle.correct_expiry(row, better.expires_at)


def gone(hub: DevHub, active: Sequence[ActiveOrg], rows: Sequence[Org]) -> list[Org]:
    """Rows whose orgs the Dev Hub says are deleted.

    It is not enough that an org is not listed: a user may not see the orgs of another user.
    """
    listed = {org.sign_up.id for org in active}
    missing = {row.signup_id: row for row in rows if row.signup_id and row.signup_id not in listed}
    if not missing:
        return []
    deleted = {s.id for s in hub.signups(list(missing), []) if s.status in ("Deleted", "Error")}
    return [row for key, row in missing.items() if key in deleted]

"""The plan of a build: current fingerprints, the ledger, and what the Dev Hub has left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from provisioner.builder.crashes import harmless
from provisioner.builder.deletions import delete
from provisioner.builder.fingerprint import read_contents
from provisioner.builder.hub_reading import SharedAllowance, shared_allowance
from provisioner.builder.hub_retries import retried
from provisioner.builder.manifest_entries import contents
from provisioner.builder.survey import survey
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.ledger.base import State
from provisioner.plain_text import quantity
from provisioner.plan import Allowance, PoolPlan, Removal, plan_pools
from provisioner.salesforce.hub_limits import READ_LIMITS, is_refused
from provisioner.upkeep.probes import REASON, left_by_probes

if TYPE_CHECKING:
    from provisioner.builder.connections import Connections
    from provisioner.builder.context import BuildContext
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org

Found = TypeVar("Found")

UNBOUNDED = Allowance(1_000_000, 1_000_000)
"""To find out what is wanted; the limits are requested only if anything is."""


def _delete(context: BuildContext, removals: Sequence[Removal]) -> None:
    if removals and (count := len(delete(context, removals))):
        text = f"deleted {quantity(count, 'org')}: failed, expired, outdated or released"
        context.reporter.inform(text)


def hub_allowance(
    config: PoolFile,
    connections: Connections,
    warn: Callable[[str], None],
    read: Callable[[], Found],
) -> Found | None:
    """What `read` finds that the Dev Hub has left for us, less what `limits` keeps for people.

    None for a user of too few rights to read it. Then the Dev Hub refuses the sign-up that is one
    too many, unless pool.yaml keeps some for people: that is an error, a SalesforceError.
    """
    try:
        return read()
    except SalesforceError as error:
        if not is_refused(error):
            raise
        survey(connections)  # the other reason: this is not a Dev Hub
        warn(without_limits(config, error))
        return None


def without_limits(config: PoolFile, error: SalesforceError) -> str:
    """The warning for a user who may not read the limits.

    Raises SalesforceError when pool.yaml keeps sign-ups for people.
    """
    why = error.message.partition("\n")[0]
    who, keeps = config.dev_hub.username, config.limits
    if keeps.keep_daily or keeps.keep_active:
        raise SalesforceError(
            f"limits.keep_daily and limits.keep_active need the limits of the Dev Hub, which {who} "
            f"cannot read: {why}",
            kind=ErrorKind.CONFIGURATION,
            code="limits_unreadable",
            hint=f"give the user the permission {READ_LIMITS}, or remove both keys from pool.yaml",
        )
    return (
        f"{who} cannot read the limits of the Dev Hub ({why}). Sign-ups are sent until the Dev Hub "
        f"refuses one; with the permission {READ_LIMITS}, only those that are left"
    )


def plan_build(
    context: BuildContext, pools: Sequence[str], adopted: Sequence[Org]
) -> list[PoolPlan]:
    """Plan, set the allowance of the build, and report what is resumed and what cannot be built."""
    config = context.config
    unfinished = sum(org.pool in pools for org in adopted)
    if unfinished:
        text = f"resuming {quantity(unfinished, 'org')} that an earlier build did not finish"
        context.reporter.inform(text)
    found = read_contents(config, pools)
    prints = found.fingerprints
    context.contents.update(contents(config, pools, prints))
    rows, now = context.ledger.orgs(), context.now()
    plans = plan_pools(config, pools, rows, prints, UNBOUNDED, now)
    removed = [removal for plan in plans for removal in plan.remove]
    removed += [Removal(org, REASON) for org in left_by_probes(rows)]
    harmless(context.reporter, "deleting orgs", lambda: _delete(context, removed))
    if any(plan.create or plan.resume for plan in plans):
        rows = context.ledger.orgs() if removed else rows
        # Only now the limits: deletions have freed some of them.
        allowance = _allowance(context, pools, rows)
        plans = plan_pools(config, pools, rows, prints, allowance, now)
    used = {creation.fingerprint for plan in plans for creation in plan.create}
    used |= {org.fingerprint for plan in plans for org in plan.resume}
    context.inputs.update({key: one for key, one in found.inputs.items() if key in used})
    for plan in plans:
        if plan.not_more_because:
            missing = quantity(plan.missing, "org")
            text = f"{plan.pool}: {missing} cannot be built: {plan.not_more_because}"
            context.reporter.warn(text)
    return plans


def _allowance(context: BuildContext, pools: Sequence[str], rows: Sequence[Org]) -> Allowance:
    """Read the limits of the Dev Hub, and set what this build may sign up.

    A sign-up of another build that may be counted twice is not subtracted yet: the ledger decides
    when the sign-up that is one too many is intended.
    """
    config, ledger, connections = context.config, context.ledger, context.connections
    progress, warn = context.progress, context.reporter.warn

    def read() -> SharedAllowance:
        return shared_allowance(config, ledger, connections.hub, connections.hub_id, pools)

    what = "the limits of the Dev Hub"
    found = retried(context, what, lambda: hub_allowance(config, connections, warn, read))
    if found is None:
        progress.allow(UNBOUNDED, None)
        return UNBOUNDED
    own = sum(row.state is State.INTENDED and row.builder_id == context.run.id for row in rows)
    allowance = found.left.less(-max(0, found.uncertain - own))
    progress.allow(allowance, found.granted)
    return allowance

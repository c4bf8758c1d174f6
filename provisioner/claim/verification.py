"""Verifies a claimed org by a login, when its last verification is too old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.ledger_part import LedgerPart
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org


def verified(
    org: Org,
    part: LedgerPart | PoolFile,
    ledger: Ledger,
    load: Callable[[], PoolFile],
    warn: Callable[[str], None],
) -> Org | None:
    """The row of an org that is active, or that cannot be verified; None for a deleted org.

    The row of a deleted org becomes `expired`. `load` reads the keys of pool.yaml; it is called
    only for a verification. Raises UnusableError when the org refuses the login and the Dev Hub
    does not say that it is deleted.
    """
    from provisioner.config.model import DEFAULT_PROVE_AFTER

    pool = part.pools.get(org.pool)
    now = ledger.now()
    after = pool.prove_after if pool else DEFAULT_PROVE_AFTER
    if org.proven_at is not None and now - after < org.proven_at <= now + timedelta(minutes=5):
        return org  # before the imports for a login; a later time was written by a wrong clock
    from provisioner.claim.unusable import UnusableError
    from provisioner.errors import ConfigError
    from provisioner.upkeep.health import confirmed, examine, record

    try:
        pool_file = load()
    except ConfigError as error:
        why = error.message.partition("\n")[0]
        warn(f"{org.username} could not be verified: {why}")
        return org
    (health,) = confirmed([examine(org, pool_file)], partial(gone_from_hub, pool_file))
    if health.is_active is None and not health.is_usable:
        warn(f"{org.username} cannot be used now: {health.why}")
        raise UnusableError(org, health.why)
    if health.is_active is None:
        warn(f"{org.username} could not be verified: {health.why}")
    elif not health.is_active:
        warn(f"{org.username} is unusable; the next build replaces it: {health.why}")
    changed = record(ledger, health, now)
    if health.is_active is False:
        return None
    return changed or _unless_lost(ledger, org)


def gone_from_hub(pool_file: PoolFile, usernames: list[str]) -> set[str]:
    """Those of `usernames` whose orgs no longer exist. Logs in to the Dev Hub."""
    from provisioner.builder.connections import Connections

    with Connections(pool_file) as connections:
        return connections.hub.gone(usernames)


def _unless_lost(ledger: Ledger, org: Org) -> Org | None:
    """The row of a claim that changed during the verification; None when the claim has ended."""
    row = ledger.get(org.username)
    is_ours = row is not None and (row.state, row.fence) == (org.state, org.fence)
    return row if is_ours else None

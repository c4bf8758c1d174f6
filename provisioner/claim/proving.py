"""Whether a claimed org still lives: it is logged in to when its last proof is too old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.ledger_part import LedgerPart
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org


def proven(
    org: Org,
    part: LedgerPart,
    ledger: Ledger,
    load: Callable[[], PoolFile],
    warn: Callable[[str], None],
) -> Org | None:
    """The org, when it lives or cannot be looked at; None when it is dead, and quarantined.

    Only to look at it are the keys of pool.yaml read, by `load`. Raises UnusableError when it
    refuses the login, and the Dev Hub does not say that it is gone.
    """
    from provisioner.config.model import DEFAULT_PROVE_AFTER

    pool = part.pools.get(org.pool)
    now = ledger.now()
    after = pool.prove_after if pool else DEFAULT_PROVE_AFTER
    if org.proven_at is not None and now - after < org.proven_at <= now + timedelta(minutes=5):
        return org  # before anything about logins is imported; a proof of the future is none
    from provisioner.claim.aside import UnusableError
    from provisioner.errors import ConfigError
    from provisioner.upkeep.health import confirmed_by_hub, examine, record

    try:
        pool_file = load()
    except ConfigError as error:
        why = error.message.partition("\n")[0]
        warn(f"{org.username} could not be verified: {why}")
        return org
    (health,) = confirmed_by_hub([examine(org, pool_file)], pool_file)
    if health.is_alive is None and not health.is_usable:
        warn(f"{org.username} cannot be used now: {health.why}")
        raise UnusableError(org, health.why)
    if health.is_alive is None:
        warn(f"{org.username} could not be verified: {health.why}")
    elif not health.is_alive:
        warn(f"{org.username} is unusable and will be replaced: {health.why}")
    changed = record(ledger, health, now)
    if health.is_alive is False:
        return None
    return changed or _still_ours(ledger, org)


def _still_ours(ledger: Ledger, org: Org) -> Org | None:
    """The row of a claim that somebody changed while we looked; None when the claim is over."""
    row = ledger.get(org.username)
    is_ours = row is not None and (row.state, row.fence) == (org.state, org.fence)
    return row if is_ours else None

"""Whether an org that waits in a pool still lives: a login as its consumer will make it.

A dead org is *quarantined*: its row becomes `expired`, so that nobody gets it, and the next
`build` or `reap` ends and replaces it. An org that cannot be reached, or a key that does not
fit, says nothing about the org: it keeps its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import LoginError, ProvisionerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.login import from_ledger, identity, login
from provisioner.salesforce.post import post_form
from provisioner.salesforce.server_clock import TOLERANCE, ServerClock

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

DEATHS = frozenset(
    {"org_gone", "login_user_inactive", "login_not_approved", "login_authentication", "wrong_org"}
)
"""Codes of a refused login that mean: this org, which was once proven, is of no use any more."""


@dataclass(frozen=True)
class Health:
    """What a look at one org came to; `is_alive` is None when it could not be told."""

    org: Org
    is_alive: bool | None
    why: str = ""


def examine(org: Org, pool_file: PoolFile) -> Health:
    """Log in to the org and ask who it is. Raises nothing but bugs.

    By a wrong clock nothing can be told: a login may be refused for it, and the proof would be
    dated wrongly.
    """
    clock = ServerClock("the org")
    try:
        who = identity(login(from_ledger(org, pool_file), post=clock.watching(post_form)))
        clock.check()
    except LoginError as error:
        first_line = error.message.partition("\n")[0]
        is_told = error.code in DEATHS and not clock.is_off
        return Health(org, False if is_told else None, first_line)
    except ProvisionerError as error:
        return Health(org, None, error.message)
    found = str(who.get("organization_id", ""))
    if org.org_id and found[:15] != org.org_id[:15]:
        return Health(org, False, f"the login opens org {found}, and not {org.org_id}")
    return Health(org, True)


def is_due(org: Org, prove_after: timedelta, now: datetime) -> bool:
    """Whether the last proof of the org is older than `prove_after`, or of the future.

    A proof of the future was dated by a wrong clock, or this clock is wrong.
    """
    if org.proven_at is None or org.proven_at > now + TOLERANCE:
        return True
    return org.proven_at + prove_after <= now


def record(ledger: Ledger, health: Health, now: datetime) -> Org | None:
    """Write what was found into the row; None when the row changed meanwhile.

    A dead org is quarantined, whoever holds it; a living one gets a fresh date.
    """
    if health.is_alive is None:
        return health.org
    if health.is_alive:
        return ledger.change(health.org, proven_at=now)
    why = f"quarantined: {health.why}"
    return ledger.move(health.org, State.EXPIRED, note=why, error=why)


Examine = Callable[[Org], Health]

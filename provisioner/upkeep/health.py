"""Whether an available org still exists: a login of the kind that its consumer makes.

An org that is deleted according to the Dev Hub, or whose login opens another org, is *quarantined*:
its row becomes `expired`, so that no claim gets it, and the next `build` replaces it. A refused
login alone does not prove that an org is deleted: an active org in maintenance refuses it too. Such
a row is not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import LoginError, ProvisionerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.login import identity, login
from provisioner.org_credentials import from_ledger
from provisioner.salesforce.post import post_form
from provisioner.salesforce.server_clock import TOLERANCE, ServerClock

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

REFUSALS = frozenset(
    {"org_gone", "login_user_inactive", "login_not_approved", "login_authentication"}
)
"""Codes of a refused login: the org cannot be used now, and may be deleted."""

DOUBTS = REFUSALS | {"unreachable"}
"""Codes after which the Dev Hub is queried whether the org is deleted."""


@dataclass(frozen=True)
class Health:
    """The result of an examination; `is_active` is None when it is unknown."""

    org: Org
    is_active: bool | None
    why: str = ""
    is_in_doubt: bool = False  # the Dev Hub is to be queried whether it is deleted
    is_usable: bool = True  # False: the org refuses the login, as it would refuse its consumer's
    is_reached: bool = True  # False: there was no answer


def examine(org: Org, pool_file: PoolFile) -> Health:
    """Log in to the org and read its identity. Raises no ProvisionerError.

    If the clock of this machine is wrong, the result is unknown: the login may be refused because
    of it, and the time of the verification would be wrong.
    """
    clock = ServerClock("the org")
    try:
        who = identity(login(from_ledger(org, pool_file), post=clock.watching(post_form)))
        clock.check()
    except LoginError as error:
        first_line, code = error.message.partition("\n")[0], error.code
        if clock.is_off:
            return Health(org, None, first_line)
        is_usable, is_reached = code not in REFUSALS, not error.is_unreachable
        return Health(org, None, first_line, code in DOUBTS, is_usable, is_reached)
    except ProvisionerError as error:
        return Health(org, None, error.message)
    found = str(who.get("organization_id", ""))
    if org.org_id and found[:15] != org.org_id[:15]:
        return Health(org, False, f"the login opens org {found} instead of {org.org_id}")
    return Health(org, True)


def confirmed(found: Sequence[Health], gone: Callable[[list[str]], set[str]]) -> list[Health]:
    """The results, with the Dev Hub's answer for all that are in doubt: one query.

    `gone` returns the usernames whose orgs no longer exist (`DevHub.gone`); it is called only when
    a result is in doubt. When it raises, no org is regarded as deleted.
    """
    in_doubt = [health.org.username for health in found if health.is_in_doubt]
    if not in_doubt:
        return list(found)
    try:
        deleted, unsure = gone(in_doubt), ""
    except ProvisionerError as error:
        first_line = error.message.partition("\n")[0]
        deleted, unsure = set(), f"; the Dev Hub did not say whether it is deleted: {first_line}"
    return [_judged(health, deleted, unsure) for health in found]


def _judged(health: Health, deleted: set[str], unsure: str) -> Health:
    if not health.is_in_doubt:
        return health
    if health.org.username in deleted:
        return replace(health, is_active=False, why="the Dev Hub reports the org as deleted")
    return replace(
        health, why=health.why + (unsure or "; according to the Dev Hub, it is not deleted")
    )


def is_due(org: Org, prove_after: timedelta, now: datetime) -> bool:
    """Whether the last verification of the org is older than `prove_after`, or in the future.

    For a time in the future, that clock or this clock was wrong.
    """
    if org.proven_at is None or org.proven_at > now + TOLERANCE:
        return True
    return org.proven_at + prove_after <= now


def record(ledger: Ledger, health: Health, now: datetime) -> Org | None:
    """Write the result into the row; None when the row changed meanwhile.

    A deleted org is quarantined, also a claimed one; an active one gets a new `proven_at`.
    """
    if health.is_active is None:
        return health.org
    if health.is_active:
        return ledger.change(health.org, proven_at=now)
    why = f"quarantined: {health.why}"
    return ledger.move(health.org, State.EXPIRED, note=why, error=why)

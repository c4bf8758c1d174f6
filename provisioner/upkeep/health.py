"""Whether an available org still exists: a login as its consumer will make it.

An org that the Dev Hub says is gone is *quarantined*: its row becomes `expired`, so that nobody
gets it, and the next `build` or `reap` deletes and replaces it. A refused login alone says nothing
of the kind: an active org in maintenance answers as a deleted one does. It keeps its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import LoginError, ProvisionerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.login import from_ledger, identity, login
from provisioner.salesforce.post import post_form
from provisioner.salesforce.server_clock import TOLERANCE, ServerClock

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

REFUSALS = frozenset(
    {"org_gone", "login_user_inactive", "login_not_approved", "login_authentication"}
)
"""Codes of a refused login by which an org cannot be used now; it may be gone."""

DOUBTS = REFUSALS | {"unreachable"}
"""Codes after which the Dev Hub is asked whether the org is gone."""


@dataclass(frozen=True)
class Health:
    """The result of an examination; `is_alive` is None when it is unknown."""

    org: Org
    is_alive: bool | None
    why: str = ""
    is_in_doubt: bool = False  # the Dev Hub may know that it is gone
    is_usable: bool = True  # False: the org refuses the login, as it would its consumer's
    is_reached: bool = True  # False: there was no answer at all


def examine(org: Org, pool_file: PoolFile) -> Health:
    """Log in to the org and ask who it is. Raises nothing but bugs.

    With a wrong clock nothing is known: a login may be refused for it, and the verification would
    have a wrong date.
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
        return Health(org, False, f"the login opens org {found}, and not {org.org_id}")
    return Health(org, True)


def confirmed(found: Sequence[Health], gone: Callable[[list[str]], set[str]]) -> list[Health]:
    """What was found, with the Dev Hub's answer on all that are in doubt: one query.

    `gone` says which usernames have no org any more (`DevHub.gone`). When it cannot, no org is
    taken for deleted.
    """
    doubtful = [health.org.username for health in found if health.is_in_doubt]
    if not doubtful:
        return list(found)
    try:
        dead, unsure = gone(doubtful), ""
    except ProvisionerError as error:
        first_line = error.message.partition("\n")[0]
        dead, unsure = set(), f"; the Dev Hub does not say whether it is gone: {first_line}"
    return [_judged(health, dead, unsure) for health in found]


def confirmed_by_hub(found: Sequence[Health], pool_file: PoolFile) -> list[Health]:
    """As `confirmed`, for whoever has no session with the Dev Hub: entered only for doubts."""
    if not any(health.is_in_doubt for health in found):
        return list(found)
    from provisioner.builder.connections import Connections

    def gone(usernames: list[str]) -> set[str]:
        with Connections(pool_file) as connections:
            return connections.hub.gone(usernames)

    return confirmed(found, gone)


def _judged(health: Health, dead: set[str], unsure: str) -> Health:
    if not health.is_in_doubt:
        return health
    if health.org.username in dead:
        return replace(health, is_alive=False, why="the Dev Hub reports the org as deleted")
    return replace(
        health, why=health.why + (unsure or "; the Dev Hub lists it, or does not show it")
    )


def is_due(org: Org, prove_after: timedelta, now: datetime) -> bool:
    """Whether the last verification of the org is older than `prove_after`, or in the future.

    A verification in the future was dated by a wrong clock, or this clock is wrong.
    """
    if org.proven_at is None or org.proven_at > now + TOLERANCE:
        return True
    return org.proven_at + prove_after <= now


def record(ledger: Ledger, health: Health, now: datetime) -> Org | None:
    """Write what was found into the row; None when the row changed meanwhile.

    A deleted org is quarantined, whoever holds it; an active one gets a new date.
    """
    if health.is_alive is None:
        return health.org
    if health.is_alive:
        return ledger.change(health.org, proven_at=now)
    why = f"quarantined: {health.why}"
    return ledger.move(health.org, State.EXPIRED, note=why, error=why)

"""Rebuilds a lost ledger from the Dev Hub, as far as that knows.

The ownership tag of each sign-up names pool, definition and fingerprint, and whether the org was
once verified. What the Dev Hub cannot tell is who has claimed which org. Nobody must
get an org that somebody else works in: an org that has been logged in to since its verification
comes back as claimed by nobody known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import ClockError, ProvisionerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.upkeep.ownership_tag import read_tag

if TYPE_CHECKING:
    from provisioner.salesforce.active_orgs import ActiveOrg

UNKNOWN_OWNER = "unknown (the ledger was lost)"
OWN_LOGINS = timedelta(minutes=1)  # after the verification: perhaps still ours, and no consumer's
LEASE = timedelta(days=1)  # of those in use: long enough for their users to speak up
NOTE = "rebuilt from the Dev Hub"


@dataclass(frozen=True)
class Inspection:
    """What a login to an org has shown."""

    expires_at: datetime | None
    is_in_use: bool  # somebody has logged in since the time that was asked about


Inspect = Callable[[Org, datetime], Inspection]
"""Logs in to an org, and queries whether anybody else has done so since a time."""


@dataclass(frozen=True)
class Rebuilt:
    """One org that is in the ledger again (or not), and how."""

    org: Org
    how: str


def rebuild(
    ledger: Ledger,
    found: Sequence[tuple[ActiveOrg, Org]],
    consumer_key: str,
    inspect: Inspect,
    now: datetime,
) -> list[Rebuilt]:
    """Give orphans their rows again, each by one insert in its final state.

    A complete org becomes available, or claimed by nobody known when it is in use or cannot be
    entered now; one that is being signed up is resumed by the next build; every other is failed,
    and deleted by the next `build` or `reap`.
    """
    rebuilt = []
    for active, row in found:
        known = replace(row, consumer_key=consumer_key, created_at=now)
        org, how = _judged(active, known, inspect, now)
        if not ledger.restore(org, note=f"{NOTE}: {how}"):
            how = "its row is closed: `reap` deletes the org"
        rebuilt.append(Rebuilt(org, how))
    return rebuilt


def _judged(active: ActiveOrg, row: Org, inspect: Inspect, now: datetime) -> tuple[Org, str]:
    if not active.is_signed_up:
        pending = replace(row, state=State.SIGNING_UP)
        return pending, "is being signed up: the next build resumes it"
    tag = read_tag(active.description)
    ready = _time(tag.ready) if tag else None
    if ready is None:
        return _failed(row, "was not complete when the ledger was lost")
    try:
        inspection = inspect(row, ready + OWN_LOGINS)
    except ClockError:
        raise  # nothing is wrong with the org
    except ProvisionerError as error:
        # The Dev Hub lists it as active: it may be in maintenance, and somebody may work in it.
        first_line = error.message.partition("\n")[0]
        how = f"cannot be entered now, so it is held by nobody known for a day: {first_line}"
        unseen = replace(row, state=State.AVAILABLE, available_at=ready)
        return _held(unseen, now), how
    proven = replace(
        row,
        state=State.AVAILABLE,
        available_at=ready,
        proven_at=now,
        expires_at=inspection.expires_at,
    )
    if not inspection.is_in_use:
        return proven, "complete, and available again"
    return _held(proven, now), "somebody has logged in to it: claimed by nobody known"


def _held(row: Org, now: datetime) -> Org:
    """The row claimed by nobody known: neither offered nor deleted until its lease is over."""
    lease_until = now + LEASE
    held = replace(row, state=State.CLAIMED, owner=UNKNOWN_OWNER, lease_until=lease_until)
    return replace(held, fence=1)


def _failed(row: Org, why: str) -> tuple[Org, str]:
    return replace(row, state=State.FAILED, error=why), f"{why}: it will be deleted"


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

"""Rebuilds a lost ledger from the records of the Dev Hub.

The ownership tag of each sign-up has the pool, the definition, the fingerprint and the time of the
first verification. It does not have the owner of a claim. So that no org is given to two owners,
an org with a login after its verification is restored as claimed by an unknown owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.errors import ClockError, LoginError, ProvisionerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.salesforce.login_errors import NOT_THIS_APP
from provisioner.upkeep.ownership_tag import read_tag
from provisioner.upkeep.probes import is_probe

if TYPE_CHECKING:
    from provisioner.salesforce.active_orgs import ActiveOrg

UNKNOWN_OWNER = "unknown (the ledger was lost)"
OWN_LOGINS = timedelta(minutes=1)  # after the verification, logins may still be those of the build
LEASE = timedelta(days=1)  # of orgs in use; their users can claim them again until then
NOTE = "rebuilt from the Dev Hub"


@dataclass(frozen=True)
class Inspection:
    """The result of a login to an org."""

    expires_at: datetime | None
    is_in_use: bool  # there was a login since the given time


Inspect = Callable[[Org, datetime], Inspection]
"""Logs in to an org and queries whether there was another login since a time."""


@dataclass(frozen=True)
class Rebuilt:
    """One org, and how it was restored."""

    org: Org
    how: str


def rebuild(
    ledger: Ledger,
    found: Sequence[tuple[ActiveOrg, Org]],
    consumer_keys: Callable[[str], Sequence[str]],
    inspect: Inspect,
    now: datetime,
) -> list[Rebuilt]:
    """Restore the rows of orphans, each by one insert in its final state.

    `consumer_keys` returns those that may log in to the org of a username, the likely one first.

    A complete org becomes available; if it is in use or refuses the login, it becomes claimed by an
    unknown owner. A pending sign-up is resumed by the next build. Every other org is marked as
    failed, and deleted by the next `build` or `reap`.
    """
    rebuilt = []
    for active, row in found:
        known = [
            replace(row, consumer_key=key, created_at=now) for key in consumer_keys(row.username)
        ]
        org, how = _judged(active, known, inspect, now)
        if not ledger.restore(org, note=f"{NOTE}: {how}"):
            how = "not restored: its row is closed; `provisioner reap` deletes the org"
        rebuilt.append(Rebuilt(org, how))
    return rebuilt


def _judged(
    active: ActiveOrg, rows: Sequence[Org], inspect: Inspect, now: datetime
) -> tuple[Org, str]:
    """The row in its final state; of `rows`, the first whose consumer key the org accepts."""
    row = rows[0]
    if is_probe(row):
        return _failed(row, "of a probe, which deletes its org")
    if not active.is_signed_up:
        pending = replace(row, state=State.SIGNING_UP)
        return pending, "sign-up in progress; the next build resumes it"
    tag = read_tag(active.description)
    ready = _time(tag.ready) if tag else None
    if ready is None:
        return _failed(row, "not complete when the ledger was lost")
    try:
        row, inspection = _inspected(rows, inspect, ready + OWN_LOGINS)
    except ClockError:
        raise  # not the fault of the org
    except ProvisionerError as error:
        # It is active on the Dev Hub: it may be in maintenance, and in use.
        first_line = error.message.partition("\n")[0]
        how = f"the login failed; claimed by an unknown owner for one day: {first_line}"
        unseen = replace(row, state=State.AVAILABLE, available_at=ready)
        return _held(unseen, now), how
    verified = replace(
        row,
        state=State.AVAILABLE,
        available_at=ready,
        proven_at=now,
        expires_at=inspection.expires_at,
    )
    if not inspection.is_in_use:
        return verified, "complete; available again"
    return _held(verified, now), "in use; claimed by an unknown owner for one day"


def _inspected(rows: Sequence[Org], inspect: Inspect, since: datetime) -> tuple[Org, Inspection]:
    """The row whose consumer key the org accepts. Raises the error of the first row."""
    refused: LoginError | None = None
    for row in rows:
        try:
            return row, inspect(row, since)
        except LoginError as error:
            refused = refused or error
            if error.code not in NOT_THIS_APP:
                break
    assert refused is not None
    raise refused


def _held(row: Org, now: datetime) -> Org:
    """The row, claimed by an unknown owner: neither offered nor deleted until the lease ends."""
    lease_until = now + LEASE
    held = replace(row, state=State.CLAIMED, owner=UNKNOWN_OWNER, lease_until=lease_until)
    return replace(held, fence=1)


def _failed(row: Org, why: str) -> tuple[Org, str]:
    return replace(row, state=State.FAILED, error=why), f"{why}; it will be deleted"


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

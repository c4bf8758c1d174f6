"""The row of an org after a change, a claim or a renewal: pure functions for all ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from provisioner.ledger.base import MOVES, UNFINISHED, Claim, Org, State
from provisioner.ledger.rows import ORG_COLUMNS

_NOT_FOR_CHANGES = frozenset({"username", "state", "version"})


def moved(org: Org, to: State, changes: Mapping[str, Any]) -> Org:
    """The row after a transition. Raises ValueError for one that `MOVES` does not allow."""
    if to not in MOVES[org.state]:
        raise ValueError(f"{org.username} cannot change from {org.state} to {to}")
    if to in UNFINISHED and org.state not in UNFINISHED and not changes.get("builder_id"):
        raise ValueError(f"{org.username} needs a builder to change from {org.state} to {to}")
    return changed(org, changes, to=to)


def changed(org: Org, changes: Mapping[str, Any], *, to: State) -> Org:
    """The row after a change; a finished row has no builder.

    Raises ValueError for an unknown field, and for username, state and version.
    """
    wrong = sorted(set(changes) - set(ORG_COLUMNS) | set(changes) & _NOT_FOR_CHANGES)
    if wrong:
        raise ValueError(f"these fields cannot be changed: {', '.join(wrong)}")
    if to not in UNFINISHED:
        changes = {"builder_id": "", **changes}
    return replace(org, state=to, version=org.version + 1, **changes)


def claimed(org: Org, claim: Claim) -> Org:
    """The row after a claim."""
    changes = {
        "owner": claim.owner,
        "purpose": claim.purpose,
        "lease_until": limited_lease(claim.lease_until, org),
        "idempotency_key": claim.idempotency_key,
        "fence": org.fence + 1,
        "team": claim.team,
        "lender": claim.lender,
    }
    return changed(org, changes, to=State.CLAIMED)


def limited_lease(lease_until: datetime | None, org: Org) -> datetime | None:
    """The end of a lease of `org`: no later than the org expires."""
    if lease_until is None or org.expires_at is None:
        return lease_until
    return min(lease_until, org.expires_at)


def extended(held: Org, claim: Claim) -> Org | None:
    """The row of a repeated claim that extends its lease; None when it does not."""
    until = limited_lease(claim.lease_until, held)
    is_later = until and held.lease_until and until > held.lease_until
    if not is_later or claim.owner != held.owner:
        return None
    return changed(held, {"lease_until": until}, to=held.state)

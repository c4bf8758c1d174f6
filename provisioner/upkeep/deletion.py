"""Deletes scratch orgs on the Dev Hub and records it in the ledger; safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.errors import ClockError, ProvisionerError
from provisioner.ledger.base import TO_DELETE, Ledger, Org, State
from provisioner.upkeep.hub_owner import recorded_owner

_UNSEEN = "the Dev Hub does not show it"

if TYPE_CHECKING:
    from provisioner.salesforce.hub import DevHub, SignUpStatus


@dataclass
class Deletions:
    """The result of a deletion."""

    deleted: list[Org] = field(default_factory=list)
    left: list[tuple[Org, str]] = field(default_factory=list)  # not deleted, and why


def delete_orgs(hub: DevHub, ledger: Ledger, orgs: Sequence[Org], *, unseen: str = "") -> Deletions:
    """Delete the scratch orgs behind rows in `released`, `failed` or `expired`.

    `unseen` is the reason to give for an org that the Dev Hub does not show, for a user who may not
    see every org. Without it, such an org is regarded as deleted, unless it was given to another
    user of the Dev Hub and has not expired.

    A row without an org id may belong to a pending sign-up: it is left until the sign-up has
    succeeded or failed, so that no org appears after its row is closed.
    Raises ClockError when the clock of this machine is wrong.
    """
    outcome = Deletions()
    try:
        pending = _still_signing_up(hub, orgs)
        targets = [org for org in orgs if org.username not in pending]
        outcome.left += [
            (org, "its sign-up is still in progress") for org in orgs if org.username in pending
        ]
        refused = hub.delete_orgs([org.username for org in targets], unseen=unseen or _UNSEEN)
    except ClockError:
        raise  # not the fault of an org
    except ProvisionerError as error:
        outcome.left = [(org, error.message) for org in orgs]
        return outcome
    for org in targets:
        if why := _why_left(ledger, org, refused.get(org.username, ""), unseen):
            outcome.left.append((org, why))
        elif (deleted := ledger.move(org, State.DELETED)) is not None:
            outcome.deleted.append(deleted)
    return outcome


def _why_left(ledger: Ledger, org: Org, refusal: str, unseen: str) -> str:
    """Why the org was not deleted; "" when it is, or is regarded so."""
    if refusal not in (_UNSEEN, unseen) or not refusal:
        return refusal
    owner = recorded_owner(ledger, org) if org.fence else ""  # only claims give orgs away
    if owner and not (org.expires_at and org.expires_at <= ledger.now()):
        return f"it belongs to {owner} on the Dev Hub, who can delete it there"
    return unseen


def _still_signing_up(hub: DevHub, orgs: Sequence[Org]) -> set[str]:
    """Usernames of rows without an org id whose sign-up is pending."""
    unknown = [org for org in orgs if not org.org_id]
    if not unknown:
        return set()
    statuses = hub.signups(
        [org.signup_id for org in unknown if org.signup_id], [org.username for org in unknown]
    )
    return {org.username for org in unknown for s in statuses if _is_pending(org, s)}


def _is_pending(org: Org, status: SignUpStatus) -> bool:
    is_about = status.id == org.signup_id or status.username == org.username
    return is_about and status.status not in ("Active", "Error", "Deleted")


def mark_for_deletion(ledger: Ledger, org: Org, reason: str, *, now: datetime) -> Org | None:
    """Move a row to `released`, `failed` or `expired`; None when the row changed meanwhile.

    If a consumer claims the org at the same moment, the compare-and-swap fails and the claim is
    kept. A kept org is kept no longer, so that no `retry` can continue it any more.
    """
    if org.state in TO_DELETE:
        return ledger.change(org, kept=False, note=reason) if org.kept else org
    if org.expires_at and org.expires_at <= now:
        return ledger.move(org, State.EXPIRED, note=reason)
    if org.state in (State.AVAILABLE, State.CLAIMED):
        return ledger.move(org, State.RELEASED, note=reason)
    return ledger.move(org, State.FAILED, note=reason, error=reason)

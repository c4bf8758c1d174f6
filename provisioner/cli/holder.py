"""Checks that an org is claimed by the user who logs in: a warning, or with --strict an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.errors import ClaimError, UsageError
from provisioner.ledger.base import State

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.ledger.base import Org


def watch_holder(call: Invocation, org: Org, owner: str | None, *, strict: bool) -> None:
    """Warn when the org is not claimed, claimed by another owner, or its lease has ended.

    `owner` is the value of --owner. With `strict`, ClaimError is raised in the first two cases, and
    UsageError when the owner cannot be determined.
    """
    error = _refusal(org, _owner_name(call, org, owner, strict=strict))
    if error is None:
        _warn_if_lease_ended(call, org)
        return
    if strict:
        raise error
    call.output.warn(f"{error.message} ({error.hint})")


def _owner_name(call: Invocation, org: Org, owner: str | None, *, strict: bool) -> str:
    """The owner name of the user, needed only for a claimed org; "you" if it is not known."""
    from provisioner.cli.pools import owner_of

    if not org.owner:
        return owner or ""
    try:
        return owner_of(call, owner)
    except UsageError:
        if strict or owner is not None:
            raise
        return "you"


def _refusal(org: Org, user: str) -> ClaimError | None:
    from provisioner.claim.refusal import not_yours

    if org.state is State.CLAIMED and org.owner.casefold() == user.casefold():
        return None
    error = not_yours(org, user)
    if org.state is State.CLAIMED:
        error.hint = "pass --owner if you claimed it under another name"
    elif org.state is State.AVAILABLE:
        error.hint = f"claim it first: provisioner claim {org.username}"
    return error


def _warn_if_lease_ended(call: Invocation, org: Org) -> None:
    from provisioner.cli.times import moment
    from provisioner.ledger.rows import utc_now

    now = utc_now()
    if org.lease_until is not None and org.lease_until <= now:
        call.output.warn(
            f"your lease of {org.username} ended {moment(org.lease_until, now)}; the next reap "
            f"deletes the org. To keep it: provisioner renew {org.username}"
        )

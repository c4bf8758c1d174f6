"""Orgs that a claim has taken but cannot use now: held until it has found another, then released.

An org in maintenance refuses a login in the same way as a deleted one, so a claim deletes nothing.
It keeps such an org claimed while it searches for another one, so that it does not get it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from provisioner.errors import NoOrgError
from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.plain_text import quantity

UNCLAIMED = {
    **dict.fromkeys(("owner", "purpose", "idempotency_key", "team", "lender"), ""),
    "lease_until": None,
}
"""The fields of a row without a claim."""

LONGEST_CHECK = timedelta(minutes=2)  # a verification takes less, retries included
RETRY_EVERY = 5.0  # seconds until orgs that refused their logins are tried again


class UnusableError(Exception):
    """The claimed org refuses the login and may be active: `org` is its row."""

    def __init__(self, org: Org, why: str) -> None:
        super().__init__(why)
        self.org = org
        self.why = why


class UnusableOrgs:
    """The unusable orgs that one claim holds."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held: list[Org] = []
        self._why = ""  # of the last org that could not be used

    def usable(self, org: Org, claim: Claim, verify: Callable[[Org], Org | None]) -> Org | None:
        """The row that `verify` returns for the claimed org; None if the org cannot be used.

        An org that the claim's key held before this claim is returned in any case: it belongs to
        the owner.
        """
        try:
            return verify(org)
        except UnusableError as unusable:
            if _was_held_before(self._ledger, org, claim):
                return org
            self._why = f"{org.username}: {unusable.why}"
            # Without the key, so that the next claim with it finds another org.
            held = self._ledger.change(unusable.org, idempotency_key="")
            self._held += [held] if held is not None else []
            return None

    def release(self) -> int:
        """Make all of them available again; returns their number."""
        held, self._held = self._held, []
        for org in held:
            note = f"could not be used: {self._why}"
            self._ledger.move(org, State.AVAILABLE, note=note, **UNCLAIMED)
        return len(held)

    def release_and_wait(self, left: float) -> bool:
        """Release the orgs and wait until they are tried again; False if there are none.

        Raises NoOrgError when no time is `left` (seconds).
        """
        count = self.release()
        if count and left <= 0:
            orgs = quantity(count, "available org")
            raise NoOrgError(
                f"no scratch org can be used now; {orgs} refused the login: {self._why}",
                hint="an org in maintenance works again later: try again, or pass --wait 10m; "
                "`provisioner status --prove` logs in to all available orgs",
            )
        if count:
            time.sleep(min(left, max(RETRY_EVERY, self._ledger.poll_every)))
        return bool(count)


def _was_held_before(ledger: Ledger, org: Org, claim: Claim) -> bool:
    """Whether the claim's key held the org before this claim was made."""
    if not claim.idempotency_key:
        return False
    claims = [e.at for e in ledger.events(username=org.username) if e.to_state == State.CLAIMED]
    return bool(claims) and claims[-1] < ledger.now() - LONGEST_CHECK

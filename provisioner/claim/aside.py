"""Orgs that a claim came upon and cannot use now: kept out of its way, then put back.

An org in maintenance answers as a deleted one does, so a claim ends nothing. It holds such an
org until it has found another, else it would be given the same one again, and gives it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from provisioner.errors import NoOrgError
from provisioner.ledger.base import Claim, Ledger, Org, State

UNCLAIMED = {"owner": "", "purpose": "", "lease_until": None, "idempotency_key": ""}
"""Fields of a row that nobody holds."""

THIS_CLAIM = timedelta(minutes=2)  # a look at an org takes less, network troubles included
LOOK_AGAIN = 5.0  # seconds until orgs that refused their logins are looked at again


class UnusableError(Exception):
    """The org that was claimed refuses its login and may be alive: `org` is its row."""

    def __init__(self, org: Org, why: str) -> None:
        super().__init__(why)
        self.org = org
        self.why = why


class Aside:
    """What one claim has set aside."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held: list[Org] = []
        self._why = ""  # the last of them could not be used

    def usable(self, org: Org, claim: Claim, prove: Callable[[Org], Org | None]) -> Org | None:
        """The claimed org as `prove` gives it; None when it is dead, or cannot be used now.

        One that the claim's key held before is its owner's, whatever state it is in.
        """
        try:
            return prove(org)
        except UnusableError as unusable:
            if _was_held_before(self._ledger, org, claim):
                return org
            self._why = f"{org.username}: {unusable.why}"
            # The key must find another org.
            held = self._ledger.change(unusable.org, idempotency_key="")
            self._held += [held] if held is not None else []
            return None

    def put_back(self) -> int:
        """Make all available again; how many there were."""
        held, self._held = self._held, []
        for org in held:
            note = f"could not be used: {self._why}"
            self._ledger.move(org, State.AVAILABLE, note=note, **UNCLAIMED)
        return len(held)

    def is_put_back(self, left: float) -> bool:
        """Put back what is held, if anything is, and wait until another look makes sense.

        Raises NoOrgError when there is no time `left` (seconds).
        """
        count = self.put_back()
        if count and left <= 0:
            raise NoOrgError(
                f"no scratch org can be used now; {count} available ones were left: {self._why}",
                hint="an org in maintenance comes back by itself: try again, or --wait 10m; "
                "provisioner status --prove looks at them all",
            )
        if count:
            time.sleep(min(left, max(LOOK_AGAIN, self._ledger.poll_every)))
        return bool(count)


def _was_held_before(ledger: Ledger, org: Org, claim: Claim) -> bool:
    """Whether the claim's key held the org before this claim was made."""
    if not claim.idempotency_key:
        return False
    claims = [e.at for e in ledger.events(username=org.username) if e.to_state == State.CLAIMED]
    return bool(claims) and claims[-1] < ledger.now() - THIS_CLAIM

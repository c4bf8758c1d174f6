"""Undoes a claim whose caller does not get the result: the org returns to its pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.claim.unusable import UNCLAIMED
from provisioner.errors import LedgerError
from provisioner.ledger.base import Ledger, Org, State

_ATTEMPTS = 5  # times that others may change the row meanwhile


@contextmanager
def undone_on_error(
    ledger: Ledger,
    org: Org,
    idempotency_key: str,
    warn: Callable[[str], None],
    *,
    kept_because: str = "",
) -> Iterator[None]:
    """When the block raises, the owner does not know which org was claimed: it is released.

    A claim with a key is kept, because a claim with the same key gives the same org; any claim is,
    if there is a reason in `kept_because`. `warn` gets what was done.
    """
    try:
        yield
    except BaseException:
        if idempotency_key:
            warn(
                f"{org.username} stays claimed; "
                f"repeat the claim with the key {idempotency_key} to get it"
            )
        elif kept_because:
            warn(
                f"{org.username} stays claimed by {org.owner}, because {kept_because}; "
                f"release it: provisioner release {org.username}"
            )
        else:
            _undo(ledger, org, warn)
        raise


def _undo(ledger: Ledger, org: Org, warn: Callable[[str], None]) -> None:
    note = f"claim cancelled: {org.owner} did not get its result"
    try:
        for _ in range(_ATTEMPTS):
            row = ledger.get(org.username)
            if row is None or (row.state, row.fence) != (State.CLAIMED, org.fence):
                return  # the claim has ended meanwhile
            if ledger.move(row, State.AVAILABLE, note=note, proven_at=None, **UNCLAIMED):
                warn(f"{org.username} was released: the claim failed before its result was printed")
                return
    except LedgerError as error:
        warn(f"{org.username} could not be released: {error.message}")
    warn(
        f"{org.username} stays claimed by {org.owner}; "
        f"release it: provisioner release {org.username}"
    )

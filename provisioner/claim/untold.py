"""Claims that nobody was told of: the org goes back into its pool, or stays under its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.claim.aside import UNCLAIMED
from provisioner.errors import LedgerError
from provisioner.ledger.base import Ledger, Org, State

_ATTEMPTS = 5  # times that others may change the row meanwhile


@contextmanager
def given_back_unless_told(
    ledger: Ledger, org: Org, idempotency_key: str, warn: Callable[[str], None]
) -> Iterator[None]:
    """When the block does not end well, nobody knows which org was claimed: it is given back.

    A claim under a key is kept, because the same key gives it again. `warn` is told which.
    """
    try:
        yield
    except BaseException:
        if idempotency_key:
            warn(
                f"{org.username} stays claimed; "
                f"repeat the claim with the key {idempotency_key} to get it"
            )
        else:
            _give_back(ledger, org, warn)
        raise


def _give_back(ledger: Ledger, org: Org, warn: Callable[[str], None]) -> None:
    note = f"given back: {org.owner} was not told of it"
    try:
        for _ in range(_ATTEMPTS):
            row = ledger.get(org.username)
            if row is None or (row.state, row.fence) != (State.CLAIMED, org.fence):
                return  # it is nobody's by now, or somebody else's
            if ledger.move(row, State.AVAILABLE, note=note, proven_at=None, **UNCLAIMED):
                warn(
                    f"{org.username} was released, "
                    "because the result of the claim could not be printed"
                )
                return
    except LedgerError as error:
        warn(f"{org.username} could not be released: {error.message}")
    warn(f"{org.username} stays claimed by {org.owner}: provisioner release {org.username}")

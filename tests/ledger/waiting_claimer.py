"""A process that waits for an org, and prints what it gets and how often it read the ledger.

waiting_claimer.py URL DIRECTORY OWNER POOL [SESSION_TIMEOUT]

Its polls are an hour apart, so that only a notification wakes it in time; with SESSION_TIMEOUT
(seconds), a quarter of that.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from provisioner.claim.rules import claim
from provisioner.ledger.base import Claim, Org
from provisioner.ledger.postgresql import listener
from tests.ledger.opening import opened

HOUR = timedelta(hours=1)


class Claims(Protocol):
    """`Ledger.claim`."""

    def __call__(self, claim: Claim, *, now: datetime) -> Org | None:
        """An org, if there is one."""


def counted(take: Claims, claims: Counter[str]) -> Claims:
    """Counts the calls of `take`: each reads the rows."""

    def count(claim: Claim, *, now: datetime) -> Org | None:
        claims[claim.owner] += 1
        return take(claim, now=now)

    return count


def main() -> None:
    """Wait, claim, print."""
    url, directory, owner, pool, *timeout = sys.argv[1:]
    if timeout:
        listener.SESSION_TIMEOUT = float(timeout[0])
        listener.POLL_EVERY = listener.SESSION_TIMEOUT / 4
    else:
        listener.POLL_EVERY = listener.AGAIN_AFTER = listener.SESSION_TIMEOUT = 3600.0
    ledger = opened(url, Path(directory))
    claims = Counter[str]()
    ledger.claim = counted(ledger.claim, claims)  # type: ignore[method-assign]
    org = claim(ledger, owner=owner, pool=pool, wait=HOUR)
    sys.stdout.write(f"{org.username} {org.owner} {claims.total()}\n")
    ledger.close()


if __name__ == "__main__":
    main()

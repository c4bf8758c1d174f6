"""A process that claims under the key `job-1` and stops in the middle, to be killed there.

    stopped_claimer.py URL DIRECTORY before|after

It stops `before` the commit, with the row changed in its transaction, or `after` it, with the
answer not yet given.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.ledger.base import Claim
from provisioner.ledger.devhub import writes as devhub_writes
from provisioner.ledger.sql import ledger as sql
from tests.ledger.opening import opened


def say(line: object) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def stop(*_arguments: Any, **_options: Any) -> None:
    """Say where we are and wait for the end."""
    say("stopped")
    sys.stdin.readline()


def main() -> None:
    """Claim, and stop."""
    url, directory, when = sys.argv[1:]
    ledger = opened(url, Path(directory))
    if when == "before":
        # The event is the last statement of the transaction.
        setattr(sql.SqlLedger, "_add_event", stop)  # noqa: B010 - mypy refuses the assignment
        # On a Dev Hub the event is in the one request that does it all.
        setattr(devhub_writes, "send", stop)  # noqa: B010
    ledger.claim(
        Claim("ann", idempotency_key="job-1"), now=datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    )
    stop()


if __name__ == "__main__":
    main()

"""A process that claims with several threads until nothing is left; prints what each got.

claimer.py URL DIRECTORY NAME THREADS
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from provisioner.ledger.base import Claim, Ledger
from tests.ledger.opening import opened


def say(line: object) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def claim_all(ledger: Ledger, owner: str) -> list[str]:
    """Claim until there is no more."""
    won = []
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    while (org := ledger.claim(Claim(owner), now=now)) is not None:
        won.append(f"{org.username} {org.owner} {org.fence}")
    return won


def main() -> None:
    """Say that we are there, wait for the start, claim."""
    url, directory, name, threads = sys.argv[1:]
    say("ready")
    sys.stdin.readline()
    ledger = opened(url, Path(directory))  # opening races, too
    with ThreadPoolExecutor(int(threads)) as pool:
        for won in pool.map(lambda n: claim_all(ledger, f"{name}-{n}"), range(int(threads))):
            for line in won:
                say(line)
    ledger.close()


if __name__ == "__main__":
    main()

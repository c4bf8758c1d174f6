"""A builder of the pool `morning` that tries to write when it gets a line, after a freeze.

    frozen_builder.py URL DIRECTORY

It prints `holding`, and after the line the code of the error of each write, or `written`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org
from provisioner.ledger.postgresql.address import address_of
from provisioner.ledger.postgresql.build_lock import Times
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from tests.ledger.builder import say
from tests.ledger.world import run

TIMES = Times(ping=0.1, deadline=3.0, timeout=5.0)


def main() -> None:
    """Hold the pool, wait for a line, try to write."""
    with closing(PostgresqlLedger(address_of(sys.argv[1]), times=TIMES)) as ledger:
        org = Org("a@acme.example", "morning", builder_id="run-1")
        with ledger.builder_lock(run("run-1"), pools=["morning"], wait=False):
            ledger.add(org)
            say("holding")
            sys.stdin.readline()
            late = Org("late@acme.example", "morning", builder_id="run-1")
            writes: list[Callable[[], object]] = [
                lambda: ledger.change(org, error="late"),
                lambda: ledger.add(late),
            ]
            for write in writes:
                try:
                    write()
                    say("written")
                except LedgerError as error:
                    say(error.code)


if __name__ == "__main__":
    main()

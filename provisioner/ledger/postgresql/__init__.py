"""The ledger in a PostgreSQL database: many hosts, each with many processes.

psycopg is an optional extra (`pip install 'provisioner[postgresql]'`), and importing it takes
longer than a claim: nothing but this backend imports it.
Source: docs/reference/ledger-engine.md#postgresql-as-a-ledger.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import LedgerError

if TYPE_CHECKING:
    from provisioner.ledger.account import HubAccount
    from provisioner.ledger.postgresql.ledger import PostgresqlLedger


def open(
    url: str,
    directory: Path,
    account: HubAccount | None,
    *,
    retry_seconds: float | None = None,
) -> PostgresqlLedger:
    """The ledger at `postgresql://USER@HOST:PORT/DATABASE`, its tables made or brought up to date.

    `retry_seconds`: for how long it is asked again when it is not reached; by default as a build.

    Raises UsageError for a URL of another form, LedgerError when it cannot be opened.
    """
    try:
        import psycopg  # noqa: F401 - is it there at all?
    except ImportError as error:  # also when it finds no libpq
        raise LedgerError(
            f"a ledger in PostgreSQL needs psycopg, which cannot be imported: {error}",
            code="psycopg_missing",
            hint="pip install 'provisioner[postgresql]'",
        ) from None
    from provisioner.ledger.postgresql.address import address_of
    from provisioner.ledger.postgresql.ledger import PostgresqlLedger

    return PostgresqlLedger(address_of(url), retry_seconds=retry_seconds)

"""A connection to PostgreSQL as ledgers use it, and how the common statements run on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from provisioner.errors import LedgerError
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sql.statements import pyformat

Connection = psycopg.Connection[dict[str, Any]]

_OLDEST = 140_000  # 14: the first with idle_session_timeout (postgresql.org/docs/14/release-14)


def connect(address: Address, **more: str) -> Connection:
    """A new session in autocommit mode. Raises psycopg.Error, LedgerError for a server too old."""
    parameters = {**address.parameters, **more}
    if "gssencmode" not in parameters and "PGGSSENCMODE" not in os.environ:
        parameters["gssencmode"] = (
            "disable"  # libpq's "prefer" searches for Kerberos tickets at each connection
        )
    # Prepared statements belong to a session, which behind a pooler is not ours.
    connection: Connection = psycopg.connect(
        **parameters,  # type: ignore[arg-type]
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )
    try:
        _check_server(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def executor(connection: Connection) -> Execute:
    """How statements are run on `connection`."""

    def execute(statement: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        cursor = connection.execute(pyformat(statement).encode(), parameters)
        return list(cursor.fetchall()) if cursor.description else []

    return execute


def _check_server(connection: Connection, address: Address) -> None:
    """Raises LedgerError for what the ledger cannot live on; asks the server nothing."""
    version = connection.info.server_version
    if version < _OLDEST:
        raise LedgerError(
            f"the ledger {address.name} is on PostgreSQL {version // 10_000}; it needs 14 or newer",
            code="postgresql_too_old",
            hint="upgrade the server to PostgreSQL 14 or newer",
        )
    encoding = connection.info.parameter_status("server_encoding") or ""
    if encoding != "UTF8":
        raise LedgerError(
            f"the database of the ledger {address.name} is encoded in {encoding}; it must be UTF8",
            code="ledger_encoding",
            hint="create another: createdb --encoding UTF8 --template template0 DATABASE",
        )

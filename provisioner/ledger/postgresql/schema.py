"""Makes the tables of a PostgreSQL ledger, or brings an older ledger's up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from provisioner.errors import LedgerError
from provisioner.ledger.sql import schema, statements
from provisioner.ledger.sql.schema import Execute

if TYPE_CHECKING:
    from provisioner.ledger.postgresql.connection import Connection

LOCK_OF_TABLES = 1_347_571_027  # the first of an advisory lock's two numbers; ours by choice

_SERIAL = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_OURS = frozenset({"meta", "org", "event", "run"})

_ALONE = f"SELECT pg_advisory_xact_lock({LOCK_OF_TABLES}, hashtext(current_schema()))"
_SCHEMA = "SELECT current_schema() AS name"
_TABLES = "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"


def prepare(connection: Connection, execute: Execute, name: str) -> None:
    """Read the version of the ledger called `name`; create or migrate its tables if needed.

    An up-to-date ledger costs one round trip and needs no right but to read. Raises LedgerError
    for a newer version, and for tables of something else; psycopg.Error.
    """
    try:
        rows = execute(statements.SCHEMA_VERSION, {})
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        rows = []
    if rows and schema.version_in(rows, name) == schema.NEWEST:
        return
    try:
        with connection.transaction():
            execute(_ALONE, {})  # another process that opens it now waits here, then checks again
            version = _version(execute, name)
            if version < schema.NEWEST:
                schema.migrate(execute, version, serial=_SERIAL)
    except psycopg.errors.InsufficientPrivilege as error:
        raise LedgerError(
            f"the ledger {name} does not have the tables of this version yet, and this user is not "
            f"allowed to create them: {error.diag.message_primary}",
            code="ledger_permission",
            hint="run `provisioner status` once as the owner of the database; or, as the owner, "
            "run: GRANT CREATE ON SCHEMA public TO USER",
        ) from None


def _version(execute: Execute, name: str) -> int:
    """The version of the ledger in the schema that would hold our tables; 0 for none."""
    if not execute(_SCHEMA, {})[0]["name"]:
        raise LedgerError(
            f"the database of the ledger {name} has no usable schema: search_path names none that "
            "exists and that this user may use",
            code="ledger_permission",
            hint="as the owner of the database, run CREATE SCHEMA, or GRANT USAGE ON SCHEMA",
        )
    found = {row["name"] for row in execute(_TABLES, {})} & _OURS
    if not found:
        return 0
    if found != _OURS:
        raise LedgerError(
            f"the database of the ledger {name} has tables of another program: "
            f"{', '.join(sorted(found))}",
            hint="use a separate database for the ledger, or a separate schema: add "
            "?options=-csearch_path%3Dprovisioner to the URL",
        )
    return schema.version_in(execute(statements.SCHEMA_VERSION, {}), name)

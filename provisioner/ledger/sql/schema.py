"""The tables of an SQL ledger, as the steps by which an older one becomes a newer one.

The version of a ledger is the number of migrations that it has had; it is in the table
`meta`. To change the tables, append a step: released ones never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.errors import LedgerError
from provisioner.ledger.sql import statements

Execute = Callable[[str, Mapping[str, Any]], list[Mapping[str, Any]]]
"""Runs one statement with its parameters and gives the rows that it returns."""

_FIRST = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE org (
        number {serial},
        username TEXT NOT NULL UNIQUE,
        pool TEXT NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        builder_id TEXT NOT NULL,
        run TEXT NOT NULL,
        definition TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        consumer_key TEXT NOT NULL,
        signup_id TEXT NOT NULL,
        org_id TEXT NOT NULL,
        instance_url TEXT NOT NULL,
        login_url TEXT NOT NULL,
        step INTEGER NOT NULL,
        request_id TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at TEXT,
        available_at TEXT,
        proven_at TEXT,
        expires_at TEXT,
        owner TEXT NOT NULL,
        purpose TEXT NOT NULL,
        lease_until TEXT,
        idempotency_key TEXT NOT NULL,
        fence INTEGER NOT NULL,
        users TEXT NOT NULL,
        error TEXT NOT NULL,
        kept INTEGER NOT NULL
    )""",
    "CREATE UNIQUE INDEX org_by_username ON org (lower(username))",
    "CREATE INDEX org_by_state ON org (state, pool)",
    """CREATE TABLE event (
        number {serial},
        at TEXT NOT NULL,
        username TEXT NOT NULL,
        run TEXT NOT NULL,
        from_state TEXT NOT NULL,
        to_state TEXT NOT NULL,
        note TEXT NOT NULL
    )""",
    "CREATE INDEX event_by_username ON event (lower(username))",
    "CREATE INDEX event_by_run ON event (run)",
    """CREATE TABLE run (
        number {serial},
        id TEXT NOT NULL UNIQUE,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        summary TEXT NOT NULL
    )""",
)

_QUEUE = (
    """CREATE TABLE waiter (
        number {serial},
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        pool TEXT NOT NULL,
        username TEXT NOT NULL,
        usable_until TEXT,
        since TEXT NOT NULL,
        seen_at TEXT NOT NULL
    )""",
)

_AGES = (
    "ALTER TABLE org ADD COLUMN step_since TEXT",
    "ALTER TABLE org ADD COLUMN active_at TEXT",
)

_STEP_STATE = ("ALTER TABLE org RENAME COLUMN request_id TO step_state",)

_SNAPSHOT = ("ALTER TABLE org ADD COLUMN snapshot TEXT NOT NULL DEFAULT ''",)

_HISTORY = (
    "CREATE INDEX org_live ON org (number) WHERE state <> 'deleted'",
    "CREATE INDEX org_deleted ON org (state, coalesce(created_at, '')) WHERE state = 'deleted'",
    "CREATE INDEX org_by_content ON org (snapshot, fingerprint, available_at)",
    "CREATE INDEX run_by_start ON run (started_at, number)",
)
"""So that no command reads the rows of deleted orgs, of which there are many."""

_HUB_COUNTS = (
    "ALTER TABLE org ADD COLUMN hub TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE org ADD COLUMN counted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE org ADD COLUMN held_until TEXT NOT NULL DEFAULT ''",
    "UPDATE org SET counted = 1 WHERE state = 'deleted'",
    """CREATE INDEX org_by_count ON org (hub)
        WHERE state <> 'deleted' OR counted <> 1 OR held_until <> ''""",
)
"""`counted` and `held_until` are in no Org: see provisioner.ledger.hub_counts."""

_TEAMS = (
    "ALTER TABLE org ADD COLUMN team TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE org ADD COLUMN lender TEXT NOT NULL DEFAULT ''",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _QUEUE,
    _AGES,
    _STEP_STATE,
    _SNAPSHOT,
    _HISTORY,
    _HUB_COUNTS,
    _TEAMS,
)
"""Step by step; `{serial}` is the database's type of a key that counts up by itself."""

NEWEST = len(MIGRATIONS)


def version_in(rows: list[Mapping[str, Any]], name: str) -> int:
    """The version that `SCHEMA_VERSION` answered for the ledger called `name`.

    Raises LedgerError for a version that this program does not know.
    """
    text = rows[0]["value"] if rows else ""
    if not str(text).isdigit():
        raise LedgerError(
            f"the ledger {name} has no version number",
            code="ledger_corrupt",
            hint="restore it from a backup; or start with an empty ledger, and restore the rows "
            "from the Dev Hub: provisioner reap --rebuild",
        )
    if int(text) > NEWEST:
        raise LedgerError(
            f"the ledger {name} was written by a newer provisioner (its version is {text}, "
            f"this provisioner supports up to {NEWEST})",
            code="ledger_newer",
            hint="upgrade provisioner on this machine: pip install --upgrade provisioner",
        )
    return int(text)


def migrate(execute: Execute, version: int, *, serial: str) -> None:
    """Bring the tables from `version` (0: none yet) to `NEWEST`, inside one transaction."""
    for step in MIGRATIONS[version:]:
        for statement in step:
            execute(statement.format(serial=serial), {})
    execute(statements.SET_SCHEMA_VERSION, {"version": str(NEWEST)})

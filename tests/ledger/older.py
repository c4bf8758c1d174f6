"""Makes an older ledger out of one of today: each step of the schema taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.ledger.sql import schema

UNDONE: Mapping[int, Sequence[str]] = {
    2: ("DROP TABLE waiter",),
    3: ("ALTER TABLE org DROP COLUMN step_since", "ALTER TABLE org DROP COLUMN active_at"),
}
"""By the version that made it; both databases understand it."""


def statements_to(version: int) -> list[str]:
    """What turns the newest ledger into one of `version`."""
    undone = [one for made in range(schema.NEWEST, version, -1) for one in UNDONE[made]]
    return [*undone, f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'"]

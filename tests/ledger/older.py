"""Makes an older ledger out of one of today: each step of the schema taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.ledger.sql import schema

UNDONE: Mapping[int, Sequence[str]] = {
    2: ("DROP TABLE waiter",),
    3: ("ALTER TABLE org DROP COLUMN step_since", "ALTER TABLE org DROP COLUMN active_at"),
    5: ("ALTER TABLE org DROP COLUMN snapshot",),
    6: (
        "DROP INDEX org_live",
        "DROP INDEX org_deleted",
        "DROP INDEX org_by_content",
        "DROP INDEX run_by_start",
    ),
    7: (
        "DROP INDEX org_by_count",
        "ALTER TABLE org DROP COLUMN hub",
        "ALTER TABLE org DROP COLUMN counted",
        "ALTER TABLE org DROP COLUMN held_until",
    ),
    8: ("ALTER TABLE org DROP COLUMN team", "ALTER TABLE org DROP COLUMN lender"),
    4: ("ALTER TABLE org RENAME COLUMN step_state TO request_id",),
}
"""By the version that made it; both databases understand it."""


STEP_STATES = (
    "0Hf000000000001AAA",
    "0Af000000000001AAA",
    "again",
    "sent",
    "2/5 loaded 1a2b3c4d =001000000000001+9",
    "2/5 sending? 1a2b3c4d =001000000000001+9,=003000000000001",
)
"""What the column `request_id` held for the steps of older versions."""


def statements_to(version: int) -> list[str]:
    """What turns the newest ledger into one of `version`."""
    undone = [one for made in range(schema.NEWEST, version, -1) for one in UNDONE[made]]
    return [*undone, f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'"]

"""The SQL statements that count the rows of a Dev Hub: see `provisioner.ledger.hub_counts`."""

from __future__ import annotations

_of_hub = "hub IN ('', :hub) AND (state <> 'deleted' OR counted <> 1 OR held_until <> '')"
"""The rows of a Dev Hub that can matter. The second part is the condition of an index, so that the
history of the ledger is not read; rows of earlier versions count for each Dev Hub."""

_may_be_sent = "(state <> 'deleted' OR signup_id <> '')"
"""A row that was closed without the id of a sign-up was refused: it has spent nothing."""

_is_held = "(state = 'deleted' AND held_until > :now)"

_is_pending = "(state IN ('intended', 'signing_up') AND COALESCE(step_since, '9') >= :since)"

COUNTS = (
    "SELECT "  # noqa: S608
    f"COUNT(CASE WHEN {_is_pending} THEN 1 END) AS pending, "
    f"COUNT(CASE WHEN {_is_pending} AND builder_id = :run THEN 1 END) AS own, "
    f"COUNT(CASE WHEN counted = 0 AND {_may_be_sent} THEN 1 END) AS spent, "
    "COUNT(CASE WHEN counted < 2 AND state <> 'deleted' THEN 1 END) AS occupied, "
    f"COUNT(CASE WHEN {_is_held} AND :pools LIKE '%,' || pool || ',%' THEN 1 END) AS held, "
    f"COUNT(CASE WHEN {_is_held} AND :pools NOT LIKE '%,' || pool || ',%' THEN 1 END) "
    "AS held_elsewhere, "
    f"COUNT(CASE WHEN counted = 0 AND number <= :last AND {_may_be_sent} THEN 1 END) AS uncertain, "
    "COUNT(CASE WHEN counted = 2 AND state = 'deleted' THEN 1 END) AS freed "
    f"FROM org WHERE {_of_hub}"
)
"""All that a limit depends on (`provisioner.ledger.hub_counts.Counts`)."""

LAST_ORG = "SELECT COALESCE(MAX(number), 0) AS number FROM org"

UNCONFIRMED = (
    "SELECT username FROM org WHERE hub IN ('', :hub) AND signup_id = '' "
    "AND state <> 'deleted' ORDER BY number"
)

_count = (
    "CASE WHEN state IN ('claimed', 'released', 'failed', 'expired') "
    "OR (state <> 'deleted' AND COALESCE(expires_at, '9') <= :now) THEN 2 ELSE 1 END"
)

COUNT_ORGS = (
    f"UPDATE org SET counted = {_count} "  # noqa: S608
    f"WHERE number <= :last AND counted <> {_count} AND {_of_hub}"
)
"""Rows up to `last` are in the reading."""

UNCOUNT_ORG = "UPDATE org SET counted = 0 WHERE username = :username"

SLOTS = f"SELECT COUNT(*) AS slots FROM org WHERE counted = 1 AND state <> 'deleted' AND {_of_hub}"  # noqa: S608

HOLD_SLOT = "UPDATE org SET held_until = :until WHERE username = :username"

USE_SLOT = (
    "UPDATE org SET held_until = '' WHERE number = (SELECT MIN(number) FROM org "  # noqa: S608
    f"WHERE pool = :pool AND {_is_held} AND {_of_hub})"
)

RELEASE_SLOTS = "UPDATE org SET held_until = '' WHERE pool = :pool AND held_until <> ''"

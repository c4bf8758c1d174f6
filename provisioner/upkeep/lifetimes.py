"""When orgs expire: to the second in the ledger, to the day on the Dev Hub.

The time in a row was read from the org when it was verified. If it is earlier than the expiration
date of an org that is active on the Dev Hub, the Dev Hub is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from provisioner.ledger.base import Org, State

if TYPE_CHECKING:
    from provisioner.salesforce.signup_status import SignUpStatus

HELD = frozenset({State.AVAILABLE, State.CLAIMED})


def corrected(rows: Sequence[Org], statuses: Iterable[SignUpStatus]) -> list[Org]:
    """The rows; one that expires before its `ExpirationDate` expires when that day start (UTC).

    `ExpirationDate` has no time and is in the Dev Hub's time zone: on that day, the row is used.
    """
    days = {s.id: s.expiration_date for s in statuses if s.status == "Active"}

    def of(row: Org) -> Org:
        day = days.get(row.signup_id) if row.signup_id else None
        if day is None or row.expires_at is None:
            return row
        start = datetime.combine(day, time.min, UTC)
        return replace(row, expires_at=start) if row.expires_at < start else row

    return [of(row) for row in rows]

"""When the Dev Hub has a later day of expiry than a row, the Dev Hub is right."""

from __future__ import annotations

from datetime import UTC, date, datetime

from provisioner.ledger.base import Org, State
from provisioner.salesforce.signup_status import SignUpStatus
from provisioner.upkeep.lifetimes import corrected

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(expires_at: datetime | None, **more: str) -> Org:
    return Org(
        "m@acme.example", "morning", State.AVAILABLE, signup_id="2SR1", expires_at=expires_at
    )


def listed(day: date | None, status: str = "Active") -> SignUpStatus:
    return SignUpStatus("2SR1", "m@acme.example", status, "", "", "", "", day)


def test_an_org_ends_no_earlier_than_on_the_dev_hubs_day() -> None:
    (better,) = corrected([row(NOON)], [listed(date(2026, 11, 26))])
    assert better.expires_at == datetime(2026, 11, 26, tzinfo=UTC)


def test_on_the_day_itself_and_after_it_the_rows_time_counts() -> None:
    rows = [row(NOON)]
    assert corrected(rows, [listed(date(2026, 11, 24))]) == rows
    assert corrected(rows, [listed(date(2026, 11, 23))]) == rows


def test_an_org_that_is_not_active_or_not_shown_stays_as_it_is() -> None:
    rows = [row(NOON), row(None)]
    assert corrected(rows, [listed(date(2026, 11, 26), "Deleted")]) == rows
    assert corrected(rows, [listed(None)]) == rows
    assert corrected(rows, []) == rows

"""Date literals and date functions; now is Tuesday, 24 November 2026, 21:13:09 UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from provisioner.emulator.soql.date_ranges import DATE_FUNCTIONS, date_range, is_range
from tests.emulator.soql.conftest import NOW, Ask


@pytest.mark.parametrize(
    ("word", "number", "first", "after"),
    [
        ("YESTERDAY", 0, "2026-11-23", "2026-11-24"),
        ("TODAY", 0, "2026-11-24", "2026-11-25"),
        ("TOMORROW", 0, "2026-11-25", "2026-11-26"),
        ("LAST_WEEK", 0, "2026-11-15", "2026-11-22"),
        ("THIS_WEEK", 0, "2026-11-22", "2026-11-29"),
        ("NEXT_WEEK", 0, "2026-11-29", "2026-12-06"),
        ("LAST_MONTH", 0, "2026-10-01", "2026-11-01"),
        ("THIS_MONTH", 0, "2026-11-01", "2026-12-01"),
        ("NEXT_MONTH", 0, "2026-12-01", "2027-01-01"),
        ("LAST_90_DAYS", 0, "2026-08-26", "2026-11-25"),
        ("NEXT_90_DAYS", 0, "2026-11-25", "2027-02-23"),
        ("LAST_N_DAYS", 1, "2026-11-23", "2026-11-25"),
        ("NEXT_N_DAYS", 15, "2026-11-25", "2026-12-10"),
        ("N_DAYS_AGO", 25, "2026-10-30", "2026-10-31"),
        ("LAST_N_WEEKS", 2, "2026-11-08", "2026-11-22"),
        ("NEXT_N_WEEKS", 2, "2026-11-29", "2026-12-13"),
        ("N_WEEKS_AGO", 3, "2026-11-01", "2026-11-08"),
        ("LAST_N_MONTHS", 12, "2025-11-01", "2026-11-01"),
        ("NEXT_N_MONTHS", 2, "2026-12-01", "2027-02-01"),
        ("N_MONTHS_AGO", 6, "2026-05-01", "2026-06-01"),
        ("THIS_QUARTER", 0, "2026-10-01", "2027-01-01"),
        ("LAST_QUARTER", 0, "2026-07-01", "2026-10-01"),
        ("NEXT_N_QUARTERS", 2, "2027-01-01", "2027-07-01"),
        ("LAST_N_FISCAL_QUARTERS", 1, "2026-07-01", "2026-10-01"),
        ("THIS_YEAR", 0, "2026-01-01", "2027-01-01"),
        ("LAST_N_YEARS", 5, "2021-01-01", "2026-01-01"),
        ("N_FISCAL_YEARS_AGO", 2, "2024-01-01", "2025-01-01"),
    ],
)
def test_a_date_literal_is_a_range(word: str, number: int, first: str, after: str) -> None:
    start, end = date_range(word, number, NOW)
    assert (f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}") == (first, after)
    assert is_range(word)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Since__c = TODAY", 1),
        ("Since__c != TODAY", 3),
        ("Since__c < TODAY", 2),
        ("Since__c <= today", 3),
        ("Since__c > LAST_WEEK", 1),
        ("Since__c >= LAST_N_WEEKS:2", 2),
        ("Since__c = LAST_N_DAYS:14", 2),
        ("Since__c > LAST_N_DAYS:14", 2),
        ("Since__c = LAST_YEAR", 1),
        ("Audited__c = TODAY", 1),
        ("Audited__c = LAST_MONTH", 1),
        ("CreatedDate = TODAY", 4),
        ("CreatedDate >= TOMORROW", 0),
        ("Since__c IN (TODAY, LAST_YEAR)", 2),
    ],
)
def test_comparison_with_a_date_literal(
    ask: Ask, shops: object, condition: str, expected: int
) -> None:
    assert ask(f"SELECT COUNT() FROM Shop__c WHERE {condition}").total_size == expected


def test_date_functions() -> None:
    moment = datetime(2026, 11, 24, 21, 13, tzinfo=UTC)
    assert {name: function(moment) for name, function in DATE_FUNCTIONS.items()} == {
        "CALENDAR_MONTH": 11, "CALENDAR_QUARTER": 4, "CALENDAR_YEAR": 2026, "DAY_IN_MONTH": 24,
        "DAY_IN_WEEK": 3, "DAY_IN_YEAR": 328, "DAY_ONLY": "2026-11-24", "FISCAL_MONTH": 11,
        "FISCAL_QUARTER": 4, "FISCAL_YEAR": 2026, "HOUR_IN_DAY": 21, "WEEK_IN_MONTH": 4,
        "WEEK_IN_YEAR": 47,
    }  # fmt: skip

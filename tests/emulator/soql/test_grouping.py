"""COUNT(), aggregates, GROUP BY and HAVING."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.soql.conftest import Ask

AGGREGATE = {"attributes": {"type": "AggregateResult"}}


def test_count_answers_a_number_and_no_records(ask: Ask, shops: object) -> None:
    answer = ask("select count() from Shop__c where Staff__c > 2")
    assert (answer.total_size, answer.records) == (2, [])
    assert ask("SELECT COUNT() FROM Shop__c LIMIT 3").total_size == 3


def test_count_of_a_field_leaves_out_nulls(ask: Ask, shops: object) -> None:
    answer = ask("SELECT COUNT(Id), COUNT(Staff__c) staff, COUNT(Name) FROM Shop__c")
    assert answer.total_size == 1
    assert answer.records == [AGGREGATE | {"expr0": 4, "staff": 3, "expr1": 4}]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUM(Staff__c)", 19),
        ("AVG(Staff__c)", 19 / 3),
        ("MIN(Staff__c)", 2),
        ("MAX(Rating__c)", 4.5),
        ("MIN(Since__c)", "2025-02-03"),
        ("MAX(Audited__c)", "2026-11-24T08:00:00.000+0000"),
        ("MIN(Name)", "Harbour"),
        ("MAX(Kind__c)", "Large"),
        ("COUNT_DISTINCT(Kind__c)", 3),
        ("COUNT_DISTINCT(OwnerId)", 1),
    ],
)
def test_aggregates(ask: Ask, shops: object, expression: str, expected: object) -> None:
    assert ask(f"SELECT {expression} FROM Shop__c").records == [AGGREGATE | {"expr0": expected}]


def test_aggregates_over_nothing(ask: Ask, shops: object) -> None:
    query = "SELECT COUNT(Id), SUM(Staff__c), MAX(Name) FROM Shop__c WHERE Name = 'nobody'"
    assert ask(query).records == [AGGREGATE | {"expr0": 0, "expr1": None, "expr2": None}]
    assert ask(query + " GROUP BY Kind__c").records == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT Shop__r.Name, SUM(Amount__c) total FROM Sale__c GROUP BY Shop__r.Name "
         "ORDER BY SUM(Amount__c) DESC",
         [{"Name": None, "total": 99}, {"Name": "Harbour", "total": 30.5},
          {"Name": "market", "total": 7}]),
        ("SELECT Shop__c, COUNT(Id) FROM Sale__c WHERE Shop__c != null GROUP BY Shop__c "
         "HAVING COUNT(Id) > 1",
         [{"Shop__c": "Harbour", "expr0": 2}]),
        ("SELECT Open__c FROM Shop__c GROUP BY Open__c ORDER BY Open__c",
         [{"Open__c": False}, {"Open__c": True}]),
        ("SELECT Name n, COUNT(Id) c FROM Shop__c GROUP BY Name HAVING Name LIKE 'm%' OR Name = "
         "'Zenith' ORDER BY Name LIMIT 1",
         [{"n": "market", "c": 1}]),
        ("SELECT CALENDAR_YEAR(Since__c), COUNT(Id) FROM Shop__c WHERE Since__c != null "
         "GROUP BY CALENDAR_YEAR(Since__c) ORDER BY CALENDAR_YEAR(Since__c)",
         [{"expr0": 2025, "expr1": 1}, {"expr0": 2026, "expr1": 2}]),
        ("SELECT s.Open__c, COUNT(Id) FROM Shop__c s GROUP BY Open__c ORDER BY COUNT(Id)",
         [{"Open__c": True, "expr0": 1}, {"Open__c": False, "expr0": 3}]),
    ],
)  # fmt: skip
def test_groups(
    ask: Ask, shops: dict[str, str], query: str, expected: list[dict[str, Any]]
) -> None:
    wanted = [
        AGGREGATE | {key: shops.get(str(value), value) if key == "Shop__c" else value
                     for key, value in row.items()}
        for row in expected
    ]  # fmt: skip
    answer = ask(query)
    assert answer.records == wanted
    assert answer.is_grouped
    assert answer.total_size == len(expected)

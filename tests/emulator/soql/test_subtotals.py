"""GROUP BY ROLLUP, GROUP BY CUBE and GROUPING()."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator.errors import ApiError
from provisioner.emulator.org import EmulatedOrg
from tests.emulator.soql.conftest import Ask


@pytest.fixture
def kinds(org: EmulatedOrg) -> None:
    """Shops of three kinds (one without), open and closed."""
    for kind, is_open, staff in (
        ("Small", True, 1),
        ("Small", False, 2),
        ("Large", True, 4),
        ("Small", True, 8),
        (None, True, 16),
    ):
        values = {"Name": "x", "Kind__c": kind, "Open__c": is_open, "Staff__c": staff}
        org.store.insert("Shop__c", values, user_id=org.admin_id)


def rows(ask: Ask, query: str) -> list[tuple[Any, ...]]:
    """The values of the records of a query."""
    return [tuple(one.values())[1:] for one in ask(query).records]


def test_one_field_has_a_grand_total(ask: Ask, kinds: None) -> None:
    query = "SELECT Kind__c, COUNT(Name) cnt FROM Shop__c GROUP BY ROLLUP(Kind__c)"
    assert rows(ask, query) == [("Small", 3), ("Large", 1), (None, 1), (None, 5)]


def test_subtotals_follow_their_groups(ask: Ask, kinds: None) -> None:
    query = (
        "SELECT Kind__c, Open__c, GROUPING(Kind__c) grpKind, GROUPING(Open__c), SUM(Staff__c) "
        "FROM Shop__c GROUP BY ROLLUP(Kind__c, Open__c)"
    )
    assert list(ask(query).records[0])[1:] == ["Kind__c", "Open__c", "grpKind", "expr0", "expr1"]
    assert rows(ask, query) == [
        ("Small", True, 0, 0, 9),
        ("Small", False, 0, 0, 2),
        ("Small", None, 0, 1, 11),
        ("Large", True, 0, 0, 4),
        ("Large", None, 0, 1, 4),
        (None, True, 0, 0, 16),
        (None, None, 0, 1, 16),
        (None, None, 1, 1, 31),
    ]


def test_a_cube_has_the_subtotals_over_each_combination(ask: Ask, kinds: None) -> None:
    query = (
        "SELECT Kind__c, Open__c, GROUPING(Kind__c), GROUPING(Open__c), SUM(Staff__c) "
        "FROM Shop__c WHERE Kind__c != null GROUP BY CUBE(Kind__c, Open__c)"
    )
    assert rows(ask, query) == [
        ("Small", True, 0, 0, 9),
        ("Small", False, 0, 0, 2),
        ("Large", True, 0, 0, 4),
        (None, True, 1, 0, 13),
        (None, False, 1, 0, 2),
        ("Small", None, 0, 1, 11),
        ("Large", None, 0, 1, 4),
        (None, None, 1, 1, 15),
    ]


def test_having_and_order(ask: Ask, kinds: None) -> None:
    query = (
        "SELECT Kind__c, SUM(Staff__c) FROM Shop__c GROUP BY ROLLUP(Kind__c) "
        "HAVING GROUPING(Kind__c) = 1 OR SUM(Staff__c) > 10 "
        "ORDER BY GROUPING(Kind__c) DESC, SUM(Staff__c) DESC"
    )
    assert rows(ask, query) == [(None, 31), (None, 16), ("Small", 11)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT Kind__c FROM Shop__c GROUP BY ROLLUP(Kind__c), Open__c", "unexpected token: ','"),
        ("SELECT Kind__c FROM Shop__c GROUP BY ROLLUP()", "unexpected token: ')'"),
        ("SELECT Kind__c FROM Shop__c GROUP BY CUBE(Kind__c", "unexpected token: '<EOF>'"),
        ("SELECT COUNT(Id) FROM Shop__c GROUP BY ROLLUP(Kind__c, Open__c, Name, Code__c)",
         "at most 3 fields"),
        ("SELECT GROUPING(Kind__c) FROM Shop__c GROUP BY Kind__c", "GROUPING(Kind__c)"),
        ("SELECT GROUPING(Name), Kind__c FROM Shop__c GROUP BY ROLLUP(Kind__c)", "GROUPING(Name)"),
        ("SELECT GROUPING(Kind__c) FROM Shop__c", "GROUPING(Kind__c)"),
        ("SELECT Name FROM Shop__c GROUP BY ROLLUP(Kind__c)", "grouped or aggregated: Name"),
    ],
)  # fmt: skip
def test_refusals(ask: Ask, kinds: None, query: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        ask(query)
    assert caught.value.code == "MALFORMED_QUERY"
    assert message in caught.value.message

"""WHERE: what each operator means for each type of field."""

from __future__ import annotations

import pytest

from provisioner.emulator.org import EmulatedOrg
from tests.emulator.soql.conftest import Ask

H, M, O, Z = "Harbour", "market", "O'Neill's 100%", "Zenith"  # noqa: E741


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'harbour'", [H]),
        ("Name != 'HARBOUR'", [M, O, Z]),
        ("Name <> 'HARBOUR'", [M, O, Z]),
        ("Name > 'Harbour'", [M, O, Z]),
        ("Name <= 'market'", [H, M]),
        (r"Name = 'O\'Neill\'s 100%'", [O]),
        (r"Name = 'O\u0027Neill\u0027s 100%'", [O]),
        ("Name LIKE 'har%'", [H]),
        ("Name LIKE '%T'", [M]),
        ("Name LIKE '_enith'", [Z]),
        ("Name LIKE '%'", [H, M, O, Z]),
        (r"Name LIKE '%100\%'", [O]),
        (r"Name LIKE '%\_%'", []),
        ("Name LIKE 'a.*'", []),
        ("Name IN ('HARBOUR', 'Zenith', 'nobody')", [H, Z]),
        ("Name NOT IN ('harbour', 'zenith')", [M, O]),
        ("Kind__c = null", [Z]),
        ("Kind__c = ''", [Z]),
        ("Kind__c != null", [H, M, O]),
        ("Kind__c != 'Large'", [M, O, Z]),
        ("Kind__c NOT IN ('Large')", [M, O, Z]),
        ("Kind__c IN (null, 'large')", [H, Z]),
        ("Staff__c = 12", [H]),
        ("Staff__c > 2", [H, O]),
        ("Staff__c >= 2", [H, M, O]),
        ("Staff__c < 5", [M]),
        ("Staff__c != 5", [H, M, Z]),
        ("Staff__c IN (2, 5)", [M, O]),
        ("Staff__c > -1", [H, M, O]),
        ("Staff__c > null", []),
        ("Rating__c = 4.5", [H]),
        ("Rating__c < 4", [O]),
        ("Rating__c >= 3.25", [H, O]),
        ("Open__c = true", [H]),
        ("Open__c = FALSE", [M, O, Z]),
        ("Open__c != true", [M, O, Z]),
        ("Open__c = null", [M, O, Z]),
        ("Open__c != null", [H]),
        ("Wares__c = 'Rum;Tea'", [H]),
        ("Wares__c != 'Tea'", [H, O, Z]),
        ("Wares__c INCLUDES ('tea')", [H, M]),
        ("Wares__c INCLUDES ('Tea;Rum', 'Silk')", [H]),
        ("Wares__c EXCLUDES ('Rum')", [M, O, Z]),
        ("Since__c = 2026-11-24", [H]),
        ("Since__c < 2026-01-01", [O]),
        ("Audited__c > 2026-11-24T07:59:59Z", [H]),
        ("Audited__c = 2026-11-24T09:00:00+01:00", [H]),
        ("Audited__c < 2026-10-02T00:00:00.000Z", [M]),
        ("CALENDAR_YEAR(Since__c) = 2025", [O]),
        ("CALENDAR_MONTH(Audited__c) IN (10)", [M]),
        ("Owner.Name = 'User User' AND Staff__c = 5", [O]),
        ("Shop__c.Staff__c = 5", [O]),
        ("Name = 'harbour' OR Name = 'market'", [H, M]),
        ("Staff__c > 1 AND Open__c = false", [M, O]),
        ("(Staff__c > 1 AND Open__c = false) OR Name = 'Zenith'", [M, O, Z]),
        ("Staff__c > 1 AND (NOT Name LIKE 'm%')", [H, O]),
        ("NOT (Name = 'market' OR Name = 'harbour')", [O, Z]),
        ("((Name = 'market'))", [M]),
    ],
)  # fmt: skip
def test_a_condition_picks_the_records_it_means(
    ask: Ask, shops: dict[str, str], condition: str, expected: list[str]
) -> None:
    answer = ask(f"SELECT Name FROM Shop__c WHERE {condition}")
    assert [record["Name"] for record in answer.records] == expected
    assert answer.total_size == len(expected)


def test_ids_compare_in_15_and_18_characters(ask: Ask, shops: dict[str, str]) -> None:
    full = shops["market"]
    for one in (full, full[:15]):
        for condition in (f"Id = '{one}'", f"Id IN ('{one}', 'a0100000000000A')"):
            records = ask(f"SELECT Id FROM Shop__c WHERE {condition}").records
            assert [record["Id"] for record in records] == [full]
    other = full[:14] + full[14].swapcase()
    assert ask(f"SELECT Id FROM Shop__c WHERE Id = '{other}'").records == []


def test_references_compare_with_ids_and_null(ask: Ask, shops: dict[str, str]) -> None:
    query = "SELECT Name FROM Sale__c WHERE Shop__c"
    names = [one["Name"] for one in ask(f"{query} = '{shops['Harbour'][:15]}'").records]
    assert names == ["Harbour 10.5", "Harbour 20"]
    assert [one["Name"] for one in ask(f"{query} = null").records] == ["None 99"]


def test_a_null_parent_is_null_in_a_condition(ask: Ask, shops: dict[str, str]) -> None:
    assert ask("SELECT COUNT() FROM Sale__c WHERE Shop__r.Name = null").total_size == 1
    assert ask("SELECT COUNT() FROM Sale__c WHERE Shop__r.Name != 'Harbour'").total_size == 2
    assert ask("SELECT COUNT() FROM Sale__c WHERE Shop__r.Owner.Name LIKE 'user%'").total_size == 3


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Id IN (SELECT Shop__c FROM Sale__c)", [H, M]),
        ("Id IN (SELECT Shop__c FROM Sale__c WHERE Amount__c > 15)", [H]),
        ("Id NOT IN (SELECT Shop__c FROM Sale__c)", [O, Z]),
        ("Staff__c > 2 AND Id NOT IN (SELECT Shop__c FROM Sale__c WHERE Sold__c = null)", [H, O]),
        ("OwnerId IN (SELECT Id FROM User WHERE IsActive = true)", [H, M, O, Z]),
    ],
)  # fmt: skip
def test_semi_joins_restrict_by_records_of_another_object(
    ask: Ask, shops: dict[str, str], condition: str, expected: list[str]
) -> None:
    records = ask(f"SELECT Name FROM Shop__c WHERE {condition}").records
    assert [record["Name"] for record in records] == expected


def test_scope_mine_keeps_the_records_of_the_user(
    ask: Ask, org: EmulatedOrg, shops: dict[str, str]
) -> None:
    assert ask("SELECT Id FROM Shop__c USING SCOPE everything").total_size == 4
    assert ask("SELECT Id FROM Shop__c USING SCOPE mine").total_size == 4
    stranger = ask("SELECT Id FROM Shop__c USING SCOPE mine", user_id="005000000000001AAA")
    assert stranger.total_size == 0


def test_query_all_sees_the_recycle_bin(ask: Ask, org: EmulatedOrg, shops: dict[str, str]) -> None:
    org.store.delete("Shop__c", shops["Zenith"], user_id=org.admin_id)
    assert ask("SELECT Id FROM Shop__c").total_size == 3
    found = ask("SELECT Name FROM Shop__c WHERE IsDeleted = true", include_deleted=True)
    assert [record["Name"] for record in found.records] == ["Zenith"]

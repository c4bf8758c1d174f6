"""What a record looks like in an answer, and in which order records come."""

from __future__ import annotations

import pytest

from provisioner.emulator.org import EmulatedOrg
from tests.emulator.soql.conftest import Ask

PATH = "/services/data/v68.0/sobjects"


def test_fields_come_in_the_order_asked_for_and_in_the_schemas_spelling(
    ask: Ask, shops: dict[str, str]
) -> None:
    [record] = ask(
        "select STAFF__C, id , name, rating__c from SHOP__C where name = 'Zenith'"
    ).records
    assert list(record.items()) == [
        ("attributes", {"type": "Shop__c", "url": f"{PATH}/Shop__c/{shops['Zenith']}"}),
        ("Staff__c", None),
        ("Id", shops["Zenith"]),
        ("Name", "Zenith"),
        ("Rating__c", None),
    ]


def test_parents_are_nested_and_null_where_there_is_none(
    ask: Ask, org: EmulatedOrg, shops: dict[str, str]
) -> None:
    query = "SELECT Name, Shop__r.Name, Shop__r.CreatedBy.Profile.Name, Shop__r.Id FROM Sale__c"
    records = ask(query).records
    assert records[3] == records[3] | {"Name": "None 99", "Shop__r": None}
    shop = records[0]["Shop__r"]
    assert list(shop) == ["attributes", "Name", "CreatedBy", "Id"]
    assert shop["attributes"]["type"] == "Shop__c"
    assert shop["CreatedBy"] == {
        "attributes": {"type": "User", "url": f"{PATH}/User/{org.admin_id}"},
        "Profile": shop["CreatedBy"]["Profile"],
    }
    assert shop["CreatedBy"]["Profile"]["Name"] == "System Administrator"


def test_a_parent_of_several_types_is_a_name(ask: Ask, org: EmulatedOrg, shops: object) -> None:
    [record] = ask("SELECT Owner.Name, Owner.Type FROM Shop__c WHERE Name = 'Zenith'").records
    assert record["Owner"] == {
        "attributes": {"type": "Name", "url": f"{PATH}/User/{org.admin_id}"},
        "Name": "User User",
        "Type": "User",
    }


def test_children_are_a_result_of_their_own_or_null(ask: Ask, shops: dict[str, str]) -> None:
    query = (
        "SELECT Name, (SELECT Sale__c.Amount__c, Shop__r.Name FROM Shop__c.Sales__r "
        "WHERE Amount__c > 5 ORDER BY Amount__c DESC) FROM Shop__c ORDER BY Name"
    )
    harbour, market, oneill, _ = ask(query).records
    assert {key: harbour["Sales__r"][key] for key in ("totalSize", "done")} == {
        "totalSize": 2,
        "done": True,
    }
    assert [one["Amount__c"] for one in harbour["Sales__r"]["records"]] == [20, 10.5]
    assert harbour["Sales__r"]["records"][0]["Shop__r"]["Name"] == "Harbour"
    assert market["Sales__r"]["totalSize"] == 1
    assert oneill["Sales__r"] is None


def test_limit_and_offset_of_a_subquery_count_for_each_parent(
    ask: Ask, shops: dict[str, str]
) -> None:
    query = "SELECT Id, (SELECT Id FROM Sales__r LIMIT 1) FROM Shop__c WHERE Staff__c IN (2, 12)"
    assert [one["Sales__r"]["totalSize"] for one in ask(query).records] == [1, 1]


def test_aliases_name_the_object_and_its_parents(ask: Ask, shops: dict[str, str]) -> None:
    query = "SELECT s.Name, p.Name FROM Sale__c s, s.Shop__r p WHERE p.Name = 'market'"
    [record] = ask(query).records
    assert (record["Name"], record["Shop__r"]["Name"]) == ("market 7", "market")
    count = "SELECT COUNT() FROM Sale__c s, s.Shop__r p WHERE p.Name = 'Harbour'"
    assert ask(count).total_size == 2


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Name", "HMOZ"),
        ("Name DESC", "ZOMH"),
        ("name asc", "HMOZ"),
        ("Staff__c", "ZMOH"),
        ("Staff__c DESC", "ZHOM"),
        ("Staff__c NULLS LAST", "MOHZ"),
        ("Staff__c DESC NULLS LAST", "HOMZ"),
        ("Kind__c", "ZMOH"),
        ("Open__c, Name DESC", "ZOMH"),
        ("Owner.Name, Name", "HMOZ"),
        ("Since__c NULLS FIRST", "ZOMH"),
        ("Name LIMIT 2", "HM"),
        ("Name LIMIT 2 OFFSET 1", "MO"),
        ("Name OFFSET 3", "Z"),
        ("Name LIMIT 0", ""),
        ("Name FOR VIEW", "HMOZ"),
        ("Name LIMIT 1 FOR REFERENCE", "H"),
        ("Name LIMIT 1 FOR UPDATE", "H"),
        ("Name UPDATE TRACKING, VIEWSTAT", "HMOZ"),
    ],
)
def test_records_come_in_the_order_asked_for(
    ask: Ask, shops: dict[str, str], order: str, expected: str
) -> None:
    records = ask(f"SELECT Name FROM Shop__c ORDER BY {order}").records
    assert "".join(record["Name"][0].upper() for record in records) == expected


def test_fields_all_standard_and_custom(ask: Ask, org: EmulatedOrg, shops: object) -> None:
    fields = org.store.types["Shop__c"].fields
    [everything] = ask("SELECT FIELDS(ALL) FROM Shop__c LIMIT 1").records
    assert set(everything) == {"attributes", *fields}
    [custom] = ask("SELECT Id, fields(custom) FROM Shop__c LIMIT 1").records
    assert set(custom) == {"attributes", "Id", *(name for name in fields if name[-3:] == "__c")}
    standard = ask("SELECT FIELDS(STANDARD) FROM Shop__c").records
    assert len(standard) == 4
    assert "Code__c" not in standard[0]


def test_fields_all_may_be_bounded_by_ids(ask: Ask, shops: dict[str, str]) -> None:
    one, two = shops["Zenith"], shops["market"]
    for condition in (f"Id = '{one}' OR Id = '{two}'", f"Id IN ('{one}','{two}') AND Name != 'x'"):
        assert ask(f"SELECT FIELDS(ALL) FROM Shop__c WHERE {condition}").total_size == 2


def test_to_label_is_the_value_itself(ask: Ask, shops: object) -> None:
    query = "SELECT toLabel(Kind__c), toLabel(Kind__c) kind FROM Shop__c WHERE Name = 'market'"
    [record] = ask(query).records
    assert (record["Kind__c"], record["kind"]) == ("Small", "Small")


def test_tooling_records_have_tooling_addresses(ask: Ask, org: EmulatedOrg) -> None:
    path = "/services/data/v68.0/tooling/sobjects"
    [record] = ask("SELECT Username FROM User", tooling=True, records_path=path).records
    assert record["attributes"]["url"] == f"{path}/User/{org.admin_id}"

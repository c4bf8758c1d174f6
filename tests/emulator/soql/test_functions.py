"""FORMAT(), convertCurrency(), convertTimezone() and DISTANCE()."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator.errors import ApiError, NotEmulatedError
from provisioner.emulator.features import schema
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.org import EmulatedOrg
from tests.emulator.soql.conftest import Ask


def insert(org: EmulatedOrg, kind: str, **values: Any) -> str:
    """The id of a new record."""
    return org.store.insert(kind, values, user_id=org.admin_id)


@pytest.fixture
def deal(org: EmulatedOrg) -> str:
    """An opportunity of 44,000."""
    return insert(
        org, "Opportunity", Name="O", StageName="Closed Won", CloseDate="2025-04-10", Amount=44000
    )


def one(ask: Ask, query: str) -> dict[str, Any]:
    [record] = ask(query).records
    return {name: value for name, value in record.items() if name != "attributes"}


def test_values_are_written_as_the_locale_has_them(ask: Ask, org: EmulatedOrg, deal: str) -> None:
    found = one(
        ask,
        "SELECT Amount, FORMAT(Amount) Amt, FORMAT(CloseDate), FORMAT(Probability), "
        "FORMAT(Description), FORMAT(Name) shown, FORMAT(Account.AnnualRevenue) parent "
        "FROM Opportunity",
    )
    assert found == {
        "Amount": 44000,
        "Amt": "$44,000.00",
        "CloseDate": "4/10/2025",
        "Probability": "100%",
        "Description": None,
        "shown": "O",
        "parent": None,
    }


def test_moments_are_on_the_users_clock(ask: Ask, org: EmulatedOrg) -> None:
    insert(org, "Shop__c", Name="A", Audited__c="2025-04-10T22:31:37Z", Staff__c=12345)
    insert(org, "Shop__c", Name="B", Audited__c="2025-01-10T08:05:00Z", Rating__c=1234.5)
    query = "SELECT FORMAT(Audited__c), FORMAT(Staff__c), FORMAT(Rating__c) FROM Shop__c"
    first, second = ask(query).records
    assert (first["Audited__c"], first["Staff__c"]) == ("4/10/2025, 3:31 PM", "12,345")
    assert (second["Audited__c"], second["Rating__c"]) == ("1/10/2025, 12:05 AM", "1,234.50")
    org.store.set_fields("User", org.admin_id, {"LocaleSidKey": "de_DE"})
    with pytest.raises(NotEmulatedError, match="de_DE"):
        ask(query)


def test_aggregates_are_formatted_too(ask: Ask, org: EmulatedOrg, deal: str) -> None:
    query = "SELECT FORMAT(MIN(CloseDate)) day, FORMAT(SUM(Amount)) total FROM Opportunity"
    assert one(ask, query) == {"day": "4/10/2025", "total": "$44,000.00"}
    query = "SELECT FORMAT(CloseDate) day, COUNT(Id) FROM Opportunity GROUP BY CloseDate"
    assert one(ask, query) == {"day": "4/10/2025", "expr0": 1}


def test_date_functions_on_the_users_clock(ask: Ask, org: EmulatedOrg) -> None:
    insert(org, "Shop__c", Name="A", Audited__c="2025-04-10T02:31:37Z")
    query = (
        "SELECT HOUR_IN_DAY(convertTimezone(Audited__c)) h, "
        "DAY_ONLY(convertTimezone(Audited__c)) d FROM Shop__c "
        "GROUP BY HOUR_IN_DAY(convertTimezone(Audited__c)), "
        "DAY_ONLY(convertTimezone(Audited__c))"
    )
    assert one(ask, query) == {"h": 19, "d": "2025-04-09"}
    where = "WHERE DAY_ONLY(convertTimezone(Audited__c)) = 2025-04-09"
    assert ask(f"SELECT COUNT() FROM Shop__c {where}").total_size == 1


@pytest.fixture
def rates(org: EmulatedOrg) -> None:
    """Several currencies: a dollar is half a euro."""
    assert schema.enable(org, "MultiCurrency")
    values = {"IsoCode": "EUR", "ConversionRate": 0.5, "DecimalPlaces": 2, "IsActive": True}
    insert(org, "CurrencyType", **values)


def test_amounts_in_the_users_currency(ask: Ask, org: EmulatedOrg, rates: None) -> None:
    insert(org, "Account", Name="A", AnnualRevenue=100, CurrencyIsoCode="EUR")
    insert(org, "Account", Name="B", AnnualRevenue=100, CurrencyIsoCode="USD")
    insert(org, "Account", Name="C", CurrencyIsoCode="EUR")
    query = (
        "SELECT FORMAT(AnnualRevenue) shown, convertCurrency(AnnualRevenue), "
        "FORMAT(convertCurrency(AnnualRevenue)) converted FROM Account ORDER BY Name LIMIT 3"
    )
    found = [tuple(record.values())[1:] for record in ask(query).records]
    assert found == [
        ("EUR 100.00", 200.0, "USD 200.00"),
        ("USD 100.00", 100, "USD 100.00"),
        (None, None, None),
    ]
    total = "SELECT FORMAT(MAX(AnnualRevenue)) total FROM Account"
    assert one(ask, total) == {"total": "USD 100.00"}
    org.store.set_fields("User", org.admin_id, {"DefaultCurrencyIsoCode": "EUR"})
    assert [record["AnnualRevenue"] for record in ask(query).records] == [100, 50.0, None]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("AnnualRevenue > USD100", ["A"]),
        ("AnnualRevenue >= usd100.00", ["A", "B"]),
        ("AnnualRevenue = EUR50", ["B"]),
        ("AnnualRevenue IN (EUR50, USD200)", ["A", "B"]),
        ("AnnualRevenue > 60", ["A", "B"]),
        ("(AnnualRevenue < EUR50.01 AND Name != null) OR Name = 'C'", ["B", "C"]),
    ],
)
def test_amounts_with_a_currency_are_compared(
    ask: Ask, org: EmulatedOrg, rates: None, condition: str, expected: list[str]
) -> None:
    insert(org, "Account", Name="A", AnnualRevenue=100, CurrencyIsoCode="EUR")
    insert(org, "Account", Name="B", AnnualRevenue=100, CurrencyIsoCode="USD")
    insert(org, "Account", Name="C", CurrencyIsoCode="EUR")
    for code in ("USD", "EUR"):
        org.store.set_fields("User", org.admin_id, {"DefaultCurrencyIsoCode": code})
        query = f"SELECT Name FROM Account WHERE ({condition}) AND Name IN ('A', 'B', 'C')"
        assert [record["Name"] for record in ask(query).records] == expected


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("AnnualRevenue > JPY5", "MALFORMED_QUERY"),
        ("AnnualRevenue IN (USD5, 5)", "MALFORMED_QUERY"),
        ("Name = USD5", "MALFORMED_QUERY"),
        ("AnnualRevenue > USDX5", "MALFORMED_QUERY"),
        ("AnnualRevenue > USD5 .5", "MALFORMED_QUERY"),
    ],
)
def test_refused_amounts(
    ask: Ask, org: EmulatedOrg, rates: None, condition: str, code: str
) -> None:
    with pytest.raises(ApiError) as caught:
        ask(f"SELECT Id FROM Account WHERE {condition}")
    assert caught.value.code == code


def test_amounts_with_a_currency_need_several(ask: Ask) -> None:
    for query in (
        "SELECT Id FROM Account WHERE AnnualRevenue > USD5",
        "SELECT Name FROM Account GROUP BY Name HAVING MAX(AnnualRevenue) > USD5",
    ):
        with pytest.raises(ApiError) as caught:
            ask(query)
        assert caught.value.code == "INVALID_FIELD"


@pytest.fixture
def locations(org: EmulatedOrg) -> None:
    """Shops in San Francisco, Oakland and New York, and one without a location."""
    for name, kind in (("At__c", "location"), ("At__Latitude__s", "double"),
                       ("At__Longitude__s", "double")):  # fmt: skip
        org.store.add_field("Shop__c", Field(name, kind))
    for name, latitude, longitude in (
        ("SF", 37.775, -122.418),
        ("Oakland", 37.8044, -122.2712),
        ("New York", 40.7128, -74.0060),
        ("Nowhere", None, None),
    ):
        insert(
            org,
            "Shop__c",
            Name=name,
            At__Latitude__s=latitude,
            At__Longitude__s=longitude,
        )


HERE = "GEOLOCATION(37.775,-122.418)"


def test_distances_in_conditions_and_in_order(ask: Ask, locations: None) -> None:
    def names(ending: str) -> list[str]:
        return [record["Name"] for record in ask(f"SELECT Name FROM Shop__c {ending}").records]

    assert names(f"WHERE DISTANCE(At__c, {HERE}, 'mi') < 20") == ["SF", "Oakland"]
    assert names(f"WHERE distance({HERE}, At__c, 'km') > 13.5") == ["New York"]
    order = f"ORDER BY DISTANCE(At__c, {HERE}, 'mi') DESC NULLS LAST"
    assert names(order) == ["New York", "Oakland", "SF", "Nowhere"]


def test_distances_are_selected(ask: Ask, org: EmulatedOrg, locations: None) -> None:
    query = (
        f"SELECT Name, DISTANCE(At__c, {HERE}, 'km'), DISTANCE(At__c, {HERE}, 'mi') miles "
        "FROM Shop__c WHERE Name IN ('New York', 'Nowhere') ORDER BY Name"
    )
    far, nowhere = ask(query).records
    assert far["expr0"] == pytest.approx(4129, abs=5)
    assert far["miles"] == pytest.approx(2566, abs=5)
    assert (nowhere["expr0"], nowhere["miles"]) == (None, None)
    insert(org, "Account", Name="A", BillingLatitude=40.7128, BillingLongitude=-74.006)
    query = f"SELECT DISTANCE(BillingAddress, {HERE}, 'mi') d FROM Account WHERE Name = 'A'"
    assert ask(query).records[0]["d"] == pytest.approx(2566, abs=5)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT FORMAT() FROM Shop__c", "MALFORMED_QUERY"),
        ("SELECT FORMAT(Nope__c) FROM Shop__c", "INVALID_FIELD"),
        ("SELECT Staff__c, FORMAT(Staff__c) FROM Shop__c", "INVALID_FIELD"),
        ("SELECT Id FROM Shop__c WHERE FORMAT(Staff__c) = '1'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Shop__c ORDER BY FORMAT(Staff__c)", "MALFORMED_QUERY"),
        ("SELECT convertCurrency(Amount__c) FROM Sale__c", "MALFORMED_QUERY"),
        ("SELECT convertCurrency(Staff__c) FROM Shop__c", "MALFORMED_QUERY"),
        ("SELECT convertCurrency(SUM(Amount__c)) FROM Sale__c", "MALFORMED_QUERY"),
        ("SELECT Id FROM Sale__c WHERE convertCurrency(Amount__c) > 1", "MALFORMED_QUERY"),
        ("SELECT convertTimezone(Audited__c) FROM Shop__c", "MALFORMED_QUERY"),
        ("SELECT Id FROM Shop__c WHERE DAY_ONLY(convertTimezone(Since__c)) = TODAY",
         "MALFORMED_QUERY"),
        (f"SELECT Id FROM Shop__c WHERE DISTANCE(Name, {HERE}, 'mi') < 1", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Shop__c WHERE DISTANCE(At__c, {HERE}, 'yd') < 1", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Shop__c WHERE DISTANCE(At__c, {HERE}) < 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Shop__c WHERE DISTANCE(At__c, GEOLOCATION(91, 0), 'mi') < 1",
         "MALFORMED_QUERY"),
        ("SELECT Id FROM Shop__c WHERE DISTANCE(At__c, GEOLOCATION('a', 0), 'mi') < 1",
         "MALFORMED_QUERY"),
        (f"SELECT Id FROM Shop__c WHERE DISTANCE(At__c, {HERE}, 'mi') = 1",
         "INVALID_QUERY_FILTER_OPERATOR"),
        (f"SELECT Id FROM Shop__c WHERE DISTANCE(At__c, {HERE}, 'mi') < 'a'", "INVALID_FIELD"),
    ],
)  # fmt: skip
def test_refusals(ask: Ask, locations: None, query: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        ask(query)
    assert caught.value.code == code

"""The store by itself: transactions, indexes, cascades, numbers, the rules of standard objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.objects.store import Store
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.world import World


@pytest.fixture
def org() -> EmulatedOrg:
    return World().add_scratch_org("store@example.com")


@pytest.fixture
def store(org: EmulatedOrg) -> Store:
    return org.store


def insert(store: Store, type_name: str, **values: object) -> str:
    return store.insert(type_name, values, user_id=store.org.admin_id)


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    kept = insert(store, "Account", Name="kept")
    store.add_field("Account", Field("Ext__c", is_unique=True, is_external_id=True))
    store.find_by("Account", "Ext__c", "x")  # the index is there before

    def change() -> None:
        insert(store, "Account", Name="new", Ext__c="x")
        store.update("Account", kept, {"Name": "changed", "Ext__c": "y"}, user_id="")
        with store.transaction():
            store.delete("Account", kept)
        store.add_field("Account", Field("Late__c"))
        insert(store, "Account")

    with pytest.raises(RecordError), store.transaction():
        change()
    assert [(one["Name"], one.get("Ext__c")) for one in store.rows("Account")] == [("kept", None)]
    assert store.deleted_rows("Account") == []
    assert "Late__c" not in store.types["Account"].fields
    assert store.find_by("Account", "Ext__c", "x") == []
    insert(store, "Account", Name="again", Ext__c="x")


def test_an_inner_failure_that_is_caught_undoes_the_inner_part_only(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            insert(store, "Account", Name="inner")
            insert(store, "Account")

    with store.transaction():
        insert(store, "Account", Name="outer")
        with pytest.raises(RecordError):
            fail()
    assert [one["Name"] for one in store.rows("Account")] == ["outer"]


def test_details_go_with_their_master_and_lookups_become_empty(store: Store) -> None:
    account = insert(store, "Account", Name="Acme")
    branch = insert(store, "Account", Name="Acme 2", ParentId=account)
    contact = insert(store, "Contact", LastName="c", AccountId=account)
    role = insert(store, "AccountContactRole", AccountId=account, ContactId=contact)
    case = insert(store, "Case", ContactId=contact)
    comment = insert(store, "CaseComment", ParentId=case, CommentBody="x")
    store.delete("Case", case)
    assert store.is_deleted("CaseComment", comment)
    store.delete("Account", account)
    assert store.is_deleted("Contact", contact)
    assert store.is_deleted("AccountContactRole", role)
    assert (store.get("Account", branch) or {})["ParentId"] is None


@pytest.mark.parametrize(("name", "field"), [("Account", "AccountId"), ("Contact", "ContactId")])
def test_a_record_that_a_case_needs_is_not_deleted(store: Store, name: str, field: str) -> None:
    """As childRelationships of recorded describes have it: `restrictedDelete`."""
    values = {"Name": "Acme"} if name == "Account" else {"LastName": "Acme"}
    needed = insert(store, name, **values)
    cases = [insert(store, "Case", **{field: needed}) for _ in range(2)]
    with pytest.raises(RecordError) as caught:
        store.delete(name, needed)
    assert (caught.value.code, caught.value.fields) == ("DELETE_FAILED", [])
    assert caught.value.message == (
        "Your attempt to delete Acme could not be completed because it is associated with the "
        "following cases.: 00000001, 00000002\n"
    )
    for case in cases:
        store.delete("Case", case)
    store.delete(name, needed)
    assert store.get(name, needed) is None


def test_automatic_numbers_count(store: Store) -> None:
    numbers = [(store.get("Case", insert(store, "Case")) or {})["CaseNumber"] for _ in range(2)]
    assert numbers == ["00000001", "00000002"]


def test_names_and_addresses_are_put_together(store: Store) -> None:
    contact = insert(store, "Contact", FirstName="Ada", LastName="Byron", MailingCity="London")
    record = store.get("Contact", contact) or {}
    assert record["Name"] == "Ada Byron"
    assert record["MailingAddress"]["city"] == "London"
    assert record["OtherAddress"] is None


def test_a_stage_tells_probability_and_end(store: Store) -> None:
    deal = insert(
        store, "Opportunity", Name="d", CloseDate="2026-12-01", StageName="Qualification", Amount=50
    )
    record = store.get("Opportunity", deal) or {}
    assert (record["Probability"], record["ExpectedRevenue"], record["IsClosed"]) == (10, 5, False)
    store.update("Opportunity", deal, {"StageName": "Closed Won"}, user_id="")
    record = store.get("Opportunity", deal) or {}
    assert (record["Probability"], record["IsClosed"], record["IsWon"]) == (100, True, True)


def test_a_product_has_a_standard_price_first(store: Store) -> None:
    product = insert(store, "Product2", Name="p")
    standard = store.rows("Pricebook2")[0]["Id"]
    own = insert(store, "Pricebook2", Name="own", IsActive=True)
    prices = {"Product2Id": product, "UnitPrice": 5, "IsActive": True}
    with pytest.raises(RecordError, match="STANDARD_PRICE_NOT_DEFINED"):
        insert(store, "PricebookEntry", Pricebook2Id=own, **prices)
    insert(store, "PricebookEntry", Pricebook2Id=standard, **prices)
    insert(store, "PricebookEntry", Pricebook2Id=own, **prices)
    with pytest.raises(RecordError, match="DUPLICATE_VALUE: This price definition"):
        insert(store, "PricebookEntry", Pricebook2Id=own, **prices)


def _user(store: Store, username: str, **values: object) -> str:
    profile = store.find_by("Profile", "Name", "System Administrator")[0]["Id"]
    keys = ("TimeZoneSidKey", "LocaleSidKey", "LanguageLocaleKey", "EmailEncodingKey")
    whole = {"Username": username, "LastName": "x", "Alias": "x", "Email": "x@example.com"}
    whole |= {"ProfileId": profile, **dict.fromkeys(keys, "x")}
    return insert(store, "User", **{**whole, **values})


def test_usernames_are_unique_across_orgs(org: EmulatedOrg, store: Store) -> None:
    _user(store, "second@example.com")
    other = org.world.add_scratch_org("other@example.com").store
    with pytest.raises(RecordError, match="DUPLICATE_USERNAME"):
        _user(other, "Second@Example.com")
    with pytest.raises(RecordError, match="INVALID_EMAIL_ADDRESS"):
        _user(other, "no address")


def test_licences_run_out(store: Store) -> None:
    _user(store, "second@example.com")
    with pytest.raises(RecordError, match="LICENSE_LIMIT_EXCEEDED"):
        _user(store, "third@example.com")
    _user(store, "third@example.com", IsActive=False)


def test_values_come_as_text_or_as_themselves(store: Store) -> None:
    record_id = insert(store, "Account", Name=5, NumberOfEmployees="12", AnnualRevenue="1e3")
    record = store.get("Account", record_id) or {}
    assert (record["Name"], record["NumberOfEmployees"], record["AnnualRevenue"]) == ("5", 12, 1000)


def test_moments_are_kept_in_one_form(store: Store) -> None:
    for text in ("2026-11-24T22:13:09+01:00", "2026-11-24T21:13:09Z", "2026-11-24T21:13:09+0000"):
        event = insert(store, "Event", StartDateTime=text, DurationInMinutes=5)
        assert (store.get("Event", event) or {})["StartDateTime"] == "2026-11-24T21:13:09.000+0000"


@pytest.mark.slow
@given(st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.none())
def test_any_value_is_kept_or_refused_by_name(value: object) -> None:
    store = World().hub.store
    for name in ("Name", "NumberOfEmployees", "AnnualRevenue", "ParentId", "Website"):
        try:
            record_id = insert(store, "Account", **{"Name": "n", name: value})
        except RecordError as error:
            assert error.code.isupper()  # noqa: PT017 - one of its documented codes
        else:
            assert store.get("Account", record_id) is not None


def test_unknown_types_are_refused(store: Store) -> None:
    with pytest.raises(ApiError, match="INVALID_TYPE: sObject type 'Nope' is not supported"):
        store.object_type("Nope")
    assert store.object_type("ACCOUNT").name == "Account"

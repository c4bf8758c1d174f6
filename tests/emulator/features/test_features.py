"""Features of an org definition, and settings, add what they bring to an org."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.emulator import resources
from provisioner.emulator.errors import RecordError
from provisioner.emulator.features import schema
from provisioner.emulator.features.assumptions import Assumption
from provisioner.emulator.features.table import known_features
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.world import World

resources.load()  # registers the rules


def org_with(*features: str, world: World | None = None) -> EmulatedOrg:
    world = world or World()
    return world.add_scratch_org(f"u{len(world.orgs)}@acme.example", features=features)


def insert(org: EmulatedOrg, type_name: str, **values: Any) -> dict[str, Any]:
    record_id = org.store.insert(type_name, values, user_id=org.admin_id)
    record = org.store.peek(type_name, record_id)
    assert record is not None
    return record


@pytest.mark.parametrize("name", sorted(known_features()))
def test_every_feature_of_the_table_can_be_enabled_and_twice(name: str) -> None:
    org = org_with()
    assert schema.enable(org, name)
    assert schema.enable(org, name.upper())


def test_features_of_one_org_are_not_those_of_another() -> None:
    world = World()
    rich, plain = org_with("PersonAccounts", "Knowledge", world=world), org_with(world=world)
    assert "PersonEmail" in rich.store.types["Account"].fields
    assert "PersonEmail" not in plain.store.types["Account"].fields
    assert "Knowledge__kav" not in plain.store.types


def test_a_feature_may_have_a_quantity_and_any_case() -> None:
    world = World()
    org_with("AddCustomObjects:30", "authorapex", world=world)
    assert not world.notes


def test_the_emulator_says_once_which_feature_it_does_not_know() -> None:
    world = World()
    org_with("OmniStudioRuntime", world=world)
    org_with("OmniStudioRuntime", world=world)
    assert [note.split(".")[0] for note in world.notes] == [
        "The emulator does not know what the feature OmniStudioRuntime adds to an org"
    ]


def test_an_account_with_a_last_name_is_a_person() -> None:
    org = org_with("PersonAccounts")
    record = insert(org, "Account", FirstName="Ada", LastName="Lovelace", PersonEmail="a@b.example")
    assert record["Name"] == "Ada Lovelace"
    assert record["IsPersonAccount"] is True
    contact = org.store.peek("Contact", record["PersonContactId"])
    assert contact is not None
    assert (contact["Email"], contact["AccountId"]) == ("a@b.example", record["Id"])


def test_an_account_with_a_name_is_none() -> None:
    record = insert(org_with("PersonAccounts"), "Account", Name="Acme")
    assert record["IsPersonAccount"] is False


def test_a_person_needs_a_last_name() -> None:
    org = org_with("PersonAccounts")
    person = org.store.find_by("RecordType", "DeveloperName", "PersonAccount")[0]["Id"]
    with pytest.raises(RecordError, match="LastName"):
        insert(org, "Account", FirstName="Ada", RecordTypeId=person)


def test_a_record_has_the_corporate_currency_unless_it_names_an_active_one() -> None:
    org = org_with("MultiCurrency")
    assert insert(org, "Account", Name="A")["CurrencyIsoCode"] == "USD"
    with pytest.raises(RecordError, match="EUR"):
        insert(org, "Account", Name="A", CurrencyIsoCode="EUR")
    insert(org, "CurrencyType", IsoCode="EUR", ConversionRate=2, DecimalPlaces=2, IsActive=True)
    assert insert(org, "Account", Name="A", CurrencyIsoCode="EUR")["CurrencyIsoCode"] == "EUR"


@pytest.mark.parametrize(
    ("given", "country", "code"),
    [
        ({"BillingCountryCode": "DE"}, "Germany", "DE"),
        ({"BillingCountry": "germany"}, "Germany", "DE"),
        ({"BillingCountry": "DE"}, "Germany", "DE"),
    ],
)
def test_the_name_of_a_country_and_its_code_belong_together(
    given: dict[str, str], country: str, code: str
) -> None:
    record = insert(org_with("StateAndCountryPicklist"), "Account", Name="A", **given)
    assert (record["BillingCountry"], record["BillingCountryCode"]) == (country, code)


def test_a_state_is_one_of_its_country() -> None:
    org = org_with("StateAndCountryPicklist")
    record = insert(org, "Account", Name="A", BillingCountryCode="US", BillingStateCode="CA")
    assert record["BillingState"] == "California"
    with pytest.raises(RecordError, match="problem with this state"):
        insert(org, "Account", Name="A", BillingCountryCode="US", BillingStateCode="XX")
    with pytest.raises(RecordError, match="problem with this country"):
        insert(org, "Account", Name="A", BillingCountry="Atlantis")


def test_without_the_feature_an_address_is_free_text() -> None:
    record = insert(org_with(), "Account", Name="A", BillingCountry="Atlantis")
    assert record["BillingCountry"] == "Atlantis"


def test_communities_brings_its_classes_and_pages() -> None:
    org = org_with("Communities")
    assert org.store.find_by("ApexClass", "Name", "ChangePasswordController")
    assert org.store.find_by("ApexPage", "Name", "CommunitiesLogin")
    assert ("ApexClass", "sitelogincontroller") in org.components
    assert not org_with().store.find_by("ApexClass", "Name", "ChangePasswordController")


@pytest.mark.parametrize(
    ("feature", "object_name"),
    [("OrderManagement", "OrderSummary"), ("B2BCommerce", "WebStore"),
     ("IndustriesActionPlan", "ActionPlan"), ("EnablePRM", "PartnerFundRequest")],
)  # fmt: skip
def test_a_feature_brings_its_objects(feature: str, object_name: str) -> None:
    assert object_name in org_with(feature).store.types
    assert object_name not in org_with().store.types


def test_omni_channel_is_enabled_by_its_setting() -> None:
    org = org_with()
    assert schema.enable(org, "OmniChannel.enableOmniChannel")
    assert {"ServiceChannel", "QueueRoutingConfig"} <= set(org.store.types)


def test_walkthroughs_is_a_permission_set() -> None:
    assert org_with("Walkthroughs").store.find_by("PermissionSet", "Name", "Walkthroughs")
    assert not org_with().store.find_by("PermissionSet", "Name", "Walkthroughs")


@pytest.mark.parametrize(
    "text", ["permission-set:A B", "object:A.B", "field:A", "nonsense:A", "object:", ""]
)
def test_what_is_no_assumption_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an assumption"):
        Assumption.parse(text)


def test_what_is_assumed_is_in_every_new_org() -> None:
    world = World()
    texts = ["permission-set:Sales", "object:Ext__c", "field:Account.Ext__c", "object:Quote",
             "field:Quote.Ext__c", "profile:Partner", "feature:Knowledge", "ApexClass:Ext",
             "RecordType:Account.Firm"]  # fmt: skip
    world.assumptions += [Assumption.parse(text) for text in texts]
    org = org_with(world=world)
    assert org.store.find_by("PermissionSet", "Name", "Sales")
    assert org.store.find_by("Profile", "Name", "Partner")
    assert insert(org, "Ext__c", Name="A")["Name"] == "A"
    assert insert(org, "Account", Name="A", Ext__c="x")["Ext__c"] == "x"
    assert {"OpportunityId", "Ext__c"} <= org.store.types["Quote"].fields.keys()
    assert "Knowledge__kav" in org.store.types
    assert {("ApexClass", "ext"), ("PermissionSet", "sales")} <= set(org.components)
    assert org.store.find_by("RecordType", "DeveloperName", "Firm")


def test_an_assumed_feature_that_nobody_knows_is_said() -> None:
    world = World()
    world.assumptions.append(Assumption.parse("feature:Nonsense"))
    org_with(world=world)
    assert any("what the feature Nonsense adds" in note for note in world.notes)

"""The tables of standard objects hold together."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from provisioner.emulator.objects import catalogue, type_table
from provisioner.emulator.objects.schema import Field, ObjectType
from provisioner.emulator.objects.type_table import TypeTable

KINDS = {
    "address", "base64", "boolean", "combobox", "complexvalue", "currency", "date", "datetime",
    "double", "email", "encryptedstring", "id", "int", "junctionidlist", "location",
    "long", "multipicklist", "percent", "phone", "picklist",
    "reference", "string", "textarea", "time", "url",
}  # fmt: skip


def test_every_reference_names_a_type_and_every_type_of_field_is_known() -> None:
    types = catalogue.hub_types()
    for object_type in types.values():
        for field in object_type.fields.values():
            assert field.type in KINDS, f"{object_type.name}.{field.name}"
            assert set(field.reference_to) <= types.keys(), f"{object_type.name}.{field.name}"


def test_prefixes_are_three_characters_and_unique() -> None:
    prefixes = Counter(one.key_prefix for one in catalogue.hub_types().values())
    assert {len(prefix) for prefix in prefixes} == {3}
    # Partner and its two views share one, and so do comments on cases and on ideas.
    assert {prefix for prefix, number in prefixes.items() if number > 1} == {"00I", "00a"}


def test_a_type_may_be_changed_without_changing_another_org() -> None:
    first, second = TypeTable(catalogue.org_types()), TypeTable(catalogue.org_types())
    del first.own("Account").fields["Phone"]
    del first["Contact"]
    assert "Phone" in second["Account"].fields
    assert "Contact" in second
    assert "Contact" not in first


def test_a_change_is_not_lost_when_a_reader_copies_the_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Readers hold no lock: another request may change the type while one copies it."""
    table, copied = TypeTable(catalogue.org_types()), type_table._copy
    table.accept_fields(lambda _name: False)

    def interrupted(one: ObjectType) -> ObjectType:
        monkeypatch.setattr(type_table, "_copy", copied)
        table.own("Account").fields["New__c"] = Field("New__c")
        return copied(one)

    monkeypatch.setattr(type_table, "_copy", interrupted)
    assert "New__c" in table["Account"].fields


def test_a_type_may_be_added_while_another_request_reads_the_table() -> None:
    table = TypeTable(catalogue.org_types())
    table["A__c"] = table.own("Account")
    names = []
    for name in table:
        names.append(name)
        if name == "A__c":
            table["B__c"] = table["A__c"]
    assert names[-1] == "A__c"


@pytest.mark.parametrize(
    "name",
    [
        "Account.Type", "Lead.Title", "Case.SuppliedEmail", "Asset.Status",
        "CaseComment.IsPublished",
        "WorkOrder.Subject", "Campaign.BudgetedCost", "Campaign.IsActive", "Entitlement.AssetId",
    ],
)  # fmt: skip
def test_a_published_field_may_be_given_on_create(name: str) -> None:
    type_name, _, field_name = name.partition(".")
    assert catalogue.org_types()[type_name].fields[field_name].is_createable


@pytest.mark.parametrize("name", ["Task.TaskSubtype", "AccountTeamMember.UserId"])
def test_some_fields_may_be_given_on_create_only(name: str) -> None:
    type_name, _, field_name = name.partition(".")
    types = catalogue.org_types()
    found = types.get(type_name) or catalogue.elsewhere_type(type_name)
    assert found is not None
    field = found.fields[field_name]
    assert (field.is_createable, field.is_updateable) == (True, False)


def test_a_correction_replaces_what_is_published() -> None:
    lead = catalogue.org_types()["Lead"].fields
    assert lead["Company"].is_required
    assert not lead["ConvertedAccountId"].is_createable
    assert lead["Status"].default == "Open - Not Contacted"


def test_an_object_or_a_field_that_only_some_orgs_have_is_known_and_not_there() -> None:
    types = catalogue.org_types()
    assert "Quote" not in types
    assert catalogue.is_known("quote")
    assert not catalogue.is_known("Nonsense")
    assert "BillingCountryCode" not in types["Account"].fields
    assert "BillingCountryCode" in catalogue.elsewhere_fields("Account")


def test_objects_that_only_the_platform_fills_are_not_emulated_by_an_empty_list() -> None:
    assert catalogue.is_known("RecentlyViewed")
    assert "RecentlyViewed" not in catalogue.org_types()


def test_every_correction_says_where_it_comes_from() -> None:
    text = (files(catalogue.__package__) / "corrections_objects.txt").read_text(encoding="utf-8")
    for part in text.split("# --- ")[1:]:
        assert ":" in part.splitlines()[0] or part.splitlines()[0].endswith("some orgs have"), part


def test_sign_up_fields_are_those_of_the_reference() -> None:
    fields = catalogue.hub_types()["ScratchOrgInfo"].fields
    updateable = {name for name, field in fields.items() if field.is_updateable}
    assert updateable == {"Description", "OwnerId"}
    unfilterable = {name for name, field in fields.items() if not field.is_filterable}
    assert unfilterable == {
        "ConnectedAppCallbackUrl", "Description", "Features", "LoginUrl", "Package2AncestorIds",
    }  # fmt: skip
    assert fields["ScratchOrg"].length == 15


def test_a_dev_hub_does_not_track_its_source() -> None:
    assert "SourceMember" in catalogue.org_types()
    assert "SourceMember" not in catalogue.hub_types()

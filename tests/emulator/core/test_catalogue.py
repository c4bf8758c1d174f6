"""The tables of standard objects hold together."""

from __future__ import annotations

from collections import Counter

from provisioner.emulator.objects import catalogue

KINDS = {
    "address", "base64", "boolean", "combobox", "complexvalue", "currency", "date", "datetime",
    "double", "email", "id", "int", "long", "multipicklist", "percent", "phone", "picklist",
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
    assert [prefix for prefix, number in prefixes.items() if number > 1] == []


def test_a_type_may_be_changed_without_changing_another_org() -> None:
    first, second = catalogue.org_types(), catalogue.org_types()
    del first["Account"].fields["Phone"]
    assert "Phone" in second["Account"].fields


def test_what_is_emulated_is_not_listed_as_missing() -> None:
    assert not {name.lower() for name in catalogue.hub_types()} & catalogue.not_emulated()


def test_sign_up_fields_are_those_of_the_reference() -> None:
    fields = catalogue.hub_types()["ScratchOrgInfo"].fields
    updateable = {name for name, field in fields.items() if field.is_updateable}
    assert updateable == {"Description", "OwnerId"}
    unfilterable = {name for name, field in fields.items() if not field.is_filterable}
    assert unfilterable == {
        "ConnectedAppCallbackUrl", "Description", "Features", "LoginUrl", "Package2AncestorIds",
    }  # fmt: skip
    assert fields["ScratchOrg"].length == 15

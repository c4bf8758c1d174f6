"""Adds the schema of a feature to an org: objects, fields, record types, licences, profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from provisioner.emulator import seeding
from provisioner.emulator.features.table import Feature, known_features
from provisioner.emulator.metadata import state
from provisioner.emulator.objects import catalogue

if TYPE_CHECKING:
    from provisioner.emulator.objects.schema import Field, ObjectType
    from provisioner.emulator.org import EmulatedOrg


def enable(org: EmulatedOrg, name: str) -> bool:
    """Add the schema of a feature or `Settings.element`; returns False for an unknown one."""
    feature = known_features().get(name.partition(":")[0].lower())
    if feature is None:
        return False
    if feature.name.lower() not in org.enabled:
        key = feature.name.lower()
        with org.store.transaction():
            org.enabled.add(key)
            org.store.on_undo(lambda: org.enabled.discard(key))
            _add(org, feature)
    return True


def enable_or_note(org: EmulatedOrg, name: str) -> None:
    """Add the schema of a feature, or note for the user that the emulator does not know it."""
    if not enable(org, name):
        org.world.note(
            f"The emulator does not know what the feature {name} adds to an org. What your "
            "project uses of it can be assumed (rehearse --assume)."
        )


def add_object(org: EmulatedOrg, name: str) -> bool:
    """Add a standard object that some orgs lack; returns False if the catalogue lacks it too."""
    found = catalogue.elsewhere_type(name)
    if found is None:
        return False
    if name not in org.store.types:
        org.store.add_type(replace(found, fields=_fitting(org, found)))
    return True


def _add(org: EmulatedOrg, feature: Feature) -> None:
    for name in feature.objects:
        if not add_object(org, name):
            raise LookupError(f"features.txt: the catalogue has no {name}")
    for where, patterns in feature.fields:
        for name in _objects(org, where):
            _add_fields(org, name, patterns)
    _add_rows(org, feature)


def _add_rows(org: EmulatedOrg, feature: Feature) -> None:
    for license_name, key in feature.user_licenses:
        seeding.user_license(org, license_name, key, total=10)
    for profile, license_name in feature.profiles:
        row = org.store.find_by("UserLicense", "Name", license_name)[0]
        seeding.profile(org, profile, row["Id"])
    for name in feature.permission_set_licenses:
        seeding.permission_set_license(org, name)
    for name in feature.permission_sets:
        seeding.permission_set(org, name)
    for name in feature.classes:
        _add_code(org, "ApexClass", {"Name": name})
    for name in feature.pages:
        _add_code(org, "ApexPage", {"Name": name, "MasterLabel": name})
    for object_name, developer_name, label in feature.record_types:
        row = {"SobjectType": object_name, "DeveloperName": developer_name, "Name": label}
        org.store.add("RecordType", {**row, "IsActive": True})
    if "CurrencyType" in feature.objects:
        corporate = {"IsoCode": "USD", "IsCorporate": True, "IsActive": True, "ConversionRate": 1}
        org.store.add("CurrencyType", {**corporate, "DecimalPlaces": 2})


def _add_code(org: EmulatedOrg, kind: str, row: dict[str, str]) -> None:
    row_id = org.store.add(kind, row)
    state.keep_without_file(org, kind, row["Name"], user_id=org.admin_id, own_id=row_id)


def _objects(org: EmulatedOrg, where: str) -> list[str]:
    if where != "*":
        return [where] if where in org.store.types else []
    return [name for name in org.store.types if not name.endswith(("__c", "__mdt", "__e"))]


def _add_fields(org: EmulatedOrg, name: str, patterns: list[str]) -> None:
    known = org.store.types[name].fields
    for one in catalogue.elsewhere_fields(name).values():
        if one.name not in known and any(fnmatchcase(one.name, each) for each in patterns):
            there = tuple(target for target in one.reference_to if target in org.store.types)
            org.store.add_field(name, replace(one, reference_to=there))


def _fitting(org: EmulatedOrg, found: ObjectType) -> dict[str, Field]:
    """The fields of an added object, without those of features that this org lacks."""
    return {
        name: replace(one, reference_to=tuple(_present(org, found, one.reference_to)))
        for name, one in found.fields.items()
    }


def _present(org: EmulatedOrg, found: ObjectType, names: tuple[str, ...]) -> Iterator[str]:
    return (one for one in names if one == found.name or one in org.store.types)

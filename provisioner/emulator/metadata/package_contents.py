"""The components of an installed package: permission sets, objects with fields, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.emulator.features import unknown_packages
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.packages import PackageVersion
from provisioner.emulator.objects.custom_types import plain_type
from provisioner.emulator.objects.schema import Field

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg


def add_contents(org: EmulatedOrg, package: PackageVersion, user_id: str) -> None:
    """Add a package's components to the org; existing ones remain (an upgrade)."""
    if package.is_unknown:
        unknown_packages.accept(org)
    for entry in package.objects:
        _add_object(org, package, entry, user_id)
    for entry in package.permission_sets:
        _add_permission_set(org, package, entry, user_id)
    for name in package.classes:
        _keep(org, package, "ApexClass", _full_name(package, name), user_id)


def _full_name(package: PackageVersion, name: str) -> str:
    is_named = package.namespace is None or name.startswith(f"{package.namespace}__")
    return name if is_named else f"{package.namespace}__{name}"


def _add_object(
    org: EmulatedOrg, package: PackageVersion, entry: Mapping[str, Any], user_id: str
) -> None:
    name = str(entry["name"])
    if name.endswith("__c"):
        name = _full_name(package, name)
    known = org.store.find_type(name)
    if known is None:
        label = str(entry.get("label") or entry["name"])
        known = plain_type(org.store.types, name, label)
        org.store.add_type(known)
        _keep(org, package, "CustomObject", name, user_id)
    for field_name, kind in dict(entry.get("fields", {})).items():
        full_name = _full_name(package, field_name)
        if known.find_field(full_name) is None:
            org.store.add_field(known.name, Field(full_name, str(kind), label=field_name))
            _keep(org, package, "CustomField", f"{known.name}.{full_name}", user_id)


def _add_permission_set(
    org: EmulatedOrg, package: PackageVersion, entry: Mapping[str, Any], user_id: str
) -> None:
    name = str(entry["name"])
    same = org.store.find_by("PermissionSet", "Name", name)
    if any(row.get("NamespacePrefix") == package.namespace for row in same):
        return
    values = {
        "Name": name,
        "Label": entry.get("label") or name,
        "NamespacePrefix": package.namespace,
        "IsOwnedByProfile": False,
        "IsCustom": package.namespace is None,
        "Type": "Regular",
    }
    row_id = org.store.add("PermissionSet", values, user_id=user_id)
    _keep(org, package, "PermissionSet", _full_name(package, name), user_id, row_id)


def _keep(
    org: EmulatedOrg,
    package: PackageVersion,
    kind: str,
    full_name: str,
    user_id: str,
    own_id: str = "",
) -> None:
    state.keep_without_file(
        org, kind, full_name, user_id=user_id, own_id=own_id, namespace=package.namespace
    )

"""Packages that a Dev Hub owns (Tooling): Package2, Package2Version.

Source: docs/reference/packages.md#packages-of-a-dev-hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.emulator.ids import same_id, to_18
from provisioner.emulator.metadata.installs import put, put_version
from provisioner.emulator.metadata.packages import (
    PackageVersion,
    are_others_there,
    described_versions,
    invent,
    invented_id,
)
from provisioner.emulator.soql.hooks import QueryView, on_query

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

_NUMBERS = ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber")
_FIRST = (1, 0, 0, 1)


@on_query("Package2")
def _find_packages(org: EmulatedOrg, view: QueryView) -> None:
    """The packages of the packages file; where others exist, too, also the one that is named."""
    with org.store.transaction():
        if are_others_there(org.world):
            _invent_packages(org, view)
        for package in _owned(org):
            put(org, "Package2", _package_row(package))


@on_query("Package2Version")
def _find_versions(org: EmulatedOrg, view: QueryView) -> None:
    with org.store.transaction():
        if are_others_there(org.world):
            _invent_version(org, view)
        for package in _owned(org):
            put_version(org, package)
            put(org, "Package2", _package_row(package))
            put(org, "Package2Version", _version_row(package))


def _owned(org: EmulatedOrg) -> list[PackageVersion]:
    return [one for one in described_versions(org.world) if not one.is_of_other_hub]


def _invent_packages(org: EmulatedOrg, view: QueryView) -> None:
    known = _owned(org)
    for name in map(str, view.equal.get("Name", ())):
        if not any(one.name.lower() == name.lower() for one in known):
            invent(org.world, invented_id(name), name, _FIRST)
    for package_id in map(str, view.equal.get("Id", ())):
        if package_id[:3] == "0Ho" and not any(same_id(one.hub_id, package_id) for one in known):
            name = f"Package {package_id[:15]}"
            invent(org.world, to_18(f"033{package_id[3:15]}"), name, _FIRST)


def _invent_version(org: EmulatedOrg, view: QueryView) -> None:
    """The version that the query names, of a package that is in no packages file."""
    for package_id in map(str, view.equal.get("Package2Id", ())):
        versions = [one for one in _owned(org) if same_id(one.hub_id, package_id)]
        if package_id[:3] != "0Ho" or not all(one.is_unknown for one in versions):
            continue
        given = [next(iter(view.equal.get(name, ())), None) for name in _NUMBERS]
        if any(_fits(one, given) for one in versions):
            continue
        number = tuple(
            usual if one is None else int(one) for one, usual in zip(given, _FIRST, strict=True)
        )
        name = versions[0].name if versions else f"Package {package_id[:15]}"
        invent(org.world, to_18(f"033{package_id[3:15]}"), name, number)


def _fits(package: PackageVersion, given: list[Any]) -> bool:
    pairs = zip(package.version, given, strict=True)
    return all(wanted is None or number == int(wanted) for number, wanted in pairs)


def _package_row(package: PackageVersion) -> dict[str, Any]:
    return {
        "Id": package.hub_id,
        "Name": package.name,
        "NamespacePrefix": package.namespace,
        "ContainerOptions": "Managed" if package.is_managed else "Unlocked",
        "SubscriberPackageId": package.package_id,
    }


def _version_row(package: PackageVersion) -> dict[str, Any]:
    return {
        "Id": to_18(f"05i{package.id[3:15]}"),
        "Package2Id": package.hub_id,
        "SubscriberPackageVersionId": package.id,
        "Name": f"ver {package.number}",
        "Branch": package.branch,
        "IsDeprecated": package.is_deprecated,
        "IsPasswordProtected": package.installation_key is not None,
        "IsReleased": not package.is_beta,
        "HasPassedCodeCoverageCheck": True,
        **dict(zip(_NUMBERS, package.version, strict=True)),
    }

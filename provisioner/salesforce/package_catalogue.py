"""The packages of a Dev Hub and what versions depend on (Tooling API), each read once.

Source: docs/reference/packages.md#packages-of-a-dev-hub.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import SalesforceError
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import (
    Row,
    flag,
    nullable_id,
    nullable_text,
    record_id,
    row_in,
    rows_in,
    text,
)
from provisioner.salesforce.packages import query_version
from provisioner.salesforce.soql import equals, select
from provisioner.salesforce.version_numbers import (
    NUMBER_FIELDS,
    Selector,
    VersionNumber,
    newest_first,
    number_of,
)

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

VERSION, PACKAGE = "04t", "0Ho"  # prefixes of ids
_NUMBERS = ", ".join(NUMBER_FIELDS)
_SHOWN = 5


@dataclass(frozen=True)
class Package:
    """A package that the Dev Hub owns."""

    id: str  # 0Ho…
    name: str
    subscriber_id: str = ""  # 033…: the package in the orgs that have it


@dataclass(frozen=True)
class Version:
    """A version of a package of the Dev Hub."""

    id: str  # 04t…
    number: VersionNumber
    is_released: bool = False
    package: Package | None = None


@dataclass(frozen=True)
class Details:
    """What any org may know of a version, also of a package of another Dev Hub."""

    package_id: str  # 033…
    number: VersionNumber
    dependencies: tuple[str, ...] = ()  # 04t…


class PackageCatalogue:
    """Answers what the Dev Hub knows; `hub` is called when the first answer is needed.

    Every method raises SalesforceError, and LoginError.
    """

    def __init__(self, hub: Callable[[], OrgClient]) -> None:
        self._hub = hub
        self._packages: dict[str, list[Package]] = {}
        self._names: list[str] | None = None
        self._versions: dict[tuple[str, Selector], Version | None] = {}
        self._owned: dict[str, Version | None] = {}
        self._details: dict[tuple[str, str], Details | None] = {}

    def packages(self, name: str) -> list[Package]:
        """The packages with this name, or the one with this id (0Ho…)."""
        if name not in self._packages:
            field = "Id" if name.startswith(PACKAGE) and len(name) in (15, 18) else "Name"
            where = f"{equals(field, name)} AND IsDeprecated = false"
            soql = select("Id, Name, SubscriberPackageId", "Package2", where)
            self._packages[name] = self._hub().tooling_query_as(soql, _package)
        return self._packages[name]

    def names(self) -> list[str]:
        """The names of all packages."""
        if self._names is None:
            soql = select("Id, Name, SubscriberPackageId", "Package2", "IsDeprecated = false")
            found = self._hub().tooling_query_as(soql, _package)
            self._names = sorted(package.name for package in found)
        return self._names

    def version(self, package: Package, selector: Selector) -> Version | None:
        """The version of a package that `selector` chooses."""
        key = (package.id, selector)
        if key not in self._versions:
            found = (self._newest(package, each, limit=1) for each in selector.conditions())
            self._versions[key] = next((versions[0] for versions in found if versions), None)
        return self._versions[key]

    def newest(self, package: Package) -> list[Version]:
        """The newest versions of a package, for a message."""
        return self._newest(package, "IsDeprecated = false", limit=_SHOWN)

    def _newest(self, package: Package, condition: str, limit: int) -> list[Version]:
        where = f"{equals('Package2Id', package.id)} AND {condition} {newest_first()}"
        fields = f"SubscriberPackageVersionId, {_NUMBERS}, IsReleased"
        soql = select(fields, "Package2Version", where, limit=limit)
        return self._hub().tooling_query_as(soql, _version)

    def owned(self, version_id: str) -> Version | None:
        """The version with this id (04t…) and its package, if the Dev Hub owns it."""
        key = version_id[:15]
        if key not in self._owned:
            fields = f"SubscriberPackageVersionId, {_NUMBERS}, IsReleased, Package2Id, "
            soql = select(
                f"{fields}Package2.Name, Package2.SubscriberPackageId",
                "Package2Version",
                equals("SubscriberPackageVersionId", version_id),
            )
            found = self._hub().tooling_query_as(soql, _owned)
            self._owned[key] = found[0] if found else None
        return self._owned[key]

    def details(self, version_id: str, installation_key: str = "") -> Details | None:
        """Package, number and dependencies of a version; None if the Dev Hub does not know it.

        A protected version needs its key: without it the code of the error has INSTALL_KEY.
        """
        key = (version_id[:15], installation_key)
        if key not in self._details:
            fields = f"SubscriberPackageId, {_NUMBERS}, Dependencies"
            found = query_version(self._hub(), fields, version_id, installation_key, _details)
            self._details[key] = found[0] if found else None
        return self._details[key]


def is_about_key(error: SalesforceError) -> bool:
    """Whether a query was refused because the version needs an installation key, or another one."""
    return "INSTALL_KEY" in error.error_code or "installationkey" in error.message.lower()


def _package(record: Row) -> Package:
    package_id = record_id(record, "Id", prefix=PACKAGE)
    return Package(package_id, text(record, "Name"), nullable_id(record, "SubscriberPackageId"))


def _version(record: Row) -> Version:
    version_id = record_id(record, "SubscriberPackageVersionId", prefix=VERSION)
    return Version(version_id, number_of(record), flag(record, "IsReleased"))


def _owned(record: Row) -> Version:
    version, package = _version(record), row_in(record, "Package2")
    owner = Package(
        record_id(record, "Package2Id", prefix=PACKAGE),
        text(package, "Name"),
        nullable_id(package, "SubscriberPackageId"),
    )
    return Version(version.id, version.number, version.is_released, owner)


def _details(record: Row) -> Details:
    package_id = record_id(record, "SubscriberPackageId", prefix="033")
    return Details(package_id, number_of(record), _dependencies(record))


def _dependencies(record: Row) -> tuple[str, ...]:
    if "Dependencies" not in record:
        raise MalformedAnswerError("Dependencies is missing")
    if record["Dependencies"] is None:
        return ()
    found = rows_in(row_in(record, "Dependencies"), "ids")
    key = "subscriberPackageVersionId"
    return tuple(record_id(each, key, prefix=VERSION) for each in found if nullable_text(each, key))

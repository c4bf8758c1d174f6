"""Package installs (Tooling API): list installed versions, request an install, poll it.

Source: docs/reference/packages.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.errors import SalesforceError
from provisioner.salesforce import confidential_query
from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import (
    LONGEST_AREA,
    Row,
    nullable_id,
    nullable_text,
    optional_text,
    record_id,
    row,
    row_in,
    rows_in,
    text,
)
from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.soql import equals, select
from provisioner.salesforce.version_numbers import NUMBER_FIELDS, VersionNumber, number_of

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

T = TypeVar("T")

REQUEST = "0Hf"  # prefix of the ids of install requests


@dataclass(frozen=True)
class InstallRequest:
    """The request to install one package version."""

    version: str  # 04t…, 15 or 18 characters
    installation_key: str = field(default="", repr=False)
    security_type: str = "none"  # full: for all users; none: for administrators
    name_conflict: str = "Block"  # or RenameMetadata
    enable_remote_sites: bool = False

    def fields(self) -> dict[str, Any]:
        """The fields that the CLI sends, with the key escaped like there."""
        fields: dict[str, Any] = {
            "SubscriberPackageVersionKey": self.version,
            "SecurityType": self.security_type,
            "NameConflictResolution": self.name_conflict,
            "EnableRss": self.enable_remote_sites,
            "ApexCompileType": "all",
            "UpgradeType": "mixed-mode",
            "PackageInstallSource": "U",
        }
        if self.installation_key:
            fields["Password"] = escaped(self.installation_key)
        return fields


@dataclass(frozen=True)
class InstallStatus:
    """The status of an install: `SUCCESS`, `ERROR`, or in progress."""

    status: str
    errors: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """All errors as one text."""
        return "; ".join(self.errors) or "Salesforce gives no reason"


def escaped(installation_key: str) -> str:
    """The key as the CLI escapes it (docs/reference/packages.md#install-request)."""
    return installation_key.replace("\\", r"\\").replace("'", r"\'")


def installed_versions(org: OrgClient) -> frozenset[str]:
    """The package versions that are installed: their ids (04t…), 15 characters."""
    soql = select("SubscriberPackageVersion.Id", "InstalledSubscriberPackage")
    return frozenset(found[:15] for found in org.tooling_query_as(soql, _installed) if found)


def _installed(record: Row) -> str:
    """The version of an installed package, or ""."""
    if record.get("SubscriberPackageVersion") is None:
        return ""
    return nullable_id(row_in(record, "SubscriberPackageVersion"), "Id", prefix="04t")


@dataclass(frozen=True)
class Installed:
    """The packages of an org: their versions, and the number of each package (033…)."""

    versions: frozenset[str]  # 04t…, 15 characters
    numbers: Mapping[str, VersionNumber]  # by package, 15 characters

    def has(self, version: str, package: str, number: VersionNumber | None) -> bool:
        """Whether this version, or a higher one of its package, is installed."""
        there = self.numbers.get(package[:15])
        is_higher = there is not None and number is not None and there >= number
        return is_higher or version[:15] in self.versions

    def plus(self, version: str, package: str, number: VersionNumber | None) -> Installed:
        """With one more version."""
        more = {package[:15]: number} if package and number else {}
        return Installed(self.versions | {version[:15]}, {**self.numbers, **more})


def installed_packages(org: OrgClient) -> Installed:
    """All packages that are installed in an org."""
    number = ", ".join(f"SubscriberPackageVersion.{name}" for name in NUMBER_FIELDS)
    fields = f"SubscriberPackageId, SubscriberPackageVersion.Id, {number}"
    found = org.tooling_query_as(select(fields, "InstalledSubscriberPackage"), _with_number)
    numbers = {package[:15]: number for _, package, number in found if number}
    return Installed(frozenset(version[:15] for version, _, _ in found if version), numbers)


def _with_number(record: Row) -> tuple[str, str, VersionNumber | None]:
    version, package = _installed(record), nullable_id(record, "SubscriberPackageId")
    number = number_of(row_in(record, "SubscriberPackageVersion")) if version else None
    return version, package, number


def request_install(org: OrgClient, request: InstallRequest) -> str:
    """Request an install. Returns the id of the request, 0Hf…"""
    path = "tooling/sobjects/PackageInstallRequest"
    return org.send(
        "POST",
        path,
        lambda answer: record_id(row(answer), "id", prefix=REQUEST),
        json=request.fields(),
    )


def install_in_progress(org: OrgClient, version: str) -> str:
    """The id of a request for this version that has not ended, or "".

    The status cannot be a condition of the query; a scratch org has few requests.
    """
    soql = select("Id, Status, SubscriberPackageVersionKey", "PackageInstallRequest")
    found = org.tooling_query_as(soql, _request)
    return next((key for key, of in found if of[:15] == version[:15]), "")


def _request(record: Row) -> tuple[str, str]:
    """The id of a request and its version; "" instead of the version when it has ended."""
    has_ended = text(record, "Status") in ("SUCCESS", "ERROR")
    version = nullable_text(record, "SubscriberPackageVersionKey")
    return record_id(record, "Id", prefix=REQUEST), "" if has_ended else version


def install_status(org: OrgClient, request_id: str) -> InstallStatus:
    """The status of an install."""
    path = f"tooling/sobjects/PackageInstallRequest/{request_id}"
    return org.get(path, lambda answer: _status(row(answer), request_id))


def _status(answer: Row, request_id: str) -> InstallStatus:
    if "Id" in answer and record_id(answer, "Id", prefix=REQUEST)[:15] != request_id[:15]:
        raise MalformedAnswerError("it has the Id of another request")
    errors: list[Row] = []
    if answer.get("Errors") is not None:
        errors = rows_in(row_in(answer, "Errors"), "errors")
    texts = [optional_text(error, "message", longest=LONGEST_AREA) for error in errors]
    return InstallStatus(
        text(answer, "Status"), tuple(one_line(redact(each or "no reason")) for each in texts)
    )


def availability(org: OrgClient, version: str, installation_key: str = "") -> str:
    """InstallValidationStatus of a version: `NO_ERRORS_DETECTED` when it can be installed.

    This object can only be queried by Id. A wrong key is an error whose code contains INSTALL_KEY.
    The result is "" when the instance does not know the version (yet).
    """
    found = query_version(
        org,
        "Id, InstallValidationStatus",
        version,
        installation_key,
        lambda record: nullable_text(record, "InstallValidationStatus"),
    )
    return found[0] if found else ""


def query_version(
    org: OrgClient, fields: str, version: str, installation_key: str, read: Callable[[Row], T]
) -> list[T]:
    """The SubscriberPackageVersion with this id; the key stands in no address and no error."""
    where = equals("Id", version)
    if not installation_key:
        return org.tooling_query_as(select(fields, "SubscriberPackageVersion", where), read)
    where += f" AND {equals('InstallationKey', installation_key)}"
    try:
        return confidential_query.tooling_query_as(
            org, select(fields, "SubscriberPackageVersion", where), read
        )
    except SalesforceError as error:
        error.message = redact(error.message, [escaped(installation_key), installation_key])
        error.args = (error.message,)
        raise

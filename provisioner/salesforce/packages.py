"""Package installs (Tooling API): what is installed, asking for an install, how it stands.

Source: salesforce-facts §3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.salesforce.redaction import one_line, redact
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient


@dataclass(frozen=True)
class InstallRequest:
    """One install of a package version, as the API takes it."""

    version: str  # 04t…, 15 or 18 characters
    installation_key: str = field(default="", repr=False)
    security_type: str = "none"  # full: every profile may use it; none: administrators
    name_conflict: str = "Block"  # or RenameMetadata
    enable_remote_sites: bool = False

    def fields(self) -> dict[str, Any]:
        """What the CLI sends. The key is escaped as the CLI does it."""
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
    """How an install stands: `SUCCESS`, `ERROR`, or in progress."""

    status: str
    errors: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """All errors as one text."""
        return "; ".join(self.errors) or "Salesforce gives no reason"


def escaped(installation_key: str) -> str:
    """The key as the CLI sends it (facts §3)."""
    return installation_key.replace("\\", r"\\").replace("'", r"\'")


def is_installed(org: OrgClient, version: str) -> bool:
    """Whether exactly this version is installed."""
    rows = org.tooling_query(select("SubscriberPackageVersion.Id", "InstalledSubscriberPackage"))
    installed = [(row.get("SubscriberPackageVersion") or {}).get("Id") or "" for row in rows]
    return any(found[:15] == version[:15] for found in installed)


def request_install(org: OrgClient, request: InstallRequest) -> str:
    """Ask for an install; the id of the request, 0Hf…"""
    path = "tooling/sobjects/PackageInstallRequest"
    answer = org.read("POST", path, "id", json=request.fields())
    return str(answer["id"])


def install_status(org: OrgClient, request_id: str) -> InstallStatus:
    """How an install stands."""
    row = org.read("GET", f"tooling/sobjects/PackageInstallRequest/{request_id}")
    errors = (row.get("Errors") or {}).get("errors") or ()
    texts = tuple(one_line(redact(str(error.get("message") or error))) for error in errors)
    return InstallStatus(str(row.get("Status") or "UNKNOWN"), texts)


def availability(org: OrgClient, version: str, installation_key: str = "") -> str:
    """InstallValidationStatus of a version: `NO_ERRORS_DETECTED` when it can be installed.

    Only queries by Id are allowed on this object; a wrong key is an error whose code contains
    INSTALL_KEY. Empty when the version is not known on this instance (yet).
    """
    where = equals("Id", version)
    if installation_key:
        where += f" AND {equals('InstallationKey', installation_key)}"
    rows = org.tooling_query(
        select("Id, InstallValidationStatus", "SubscriberPackageVersion", where)
    )
    return str(rows[0].get("InstallValidationStatus") or "") if rows else ""

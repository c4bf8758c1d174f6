"""One package install: checked, running under the setup lock, done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata.package_contents import add_contents
from provisioner.emulator.metadata.packages import PackageVersion, find_version

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.emulator.clock import Progression
    from provisioner.emulator.org import EmulatedOrg

REQUEST = "PackageInstallRequest"
INSTALLED = "InstalledSubscriberPackage"
STATES = ("IN_PROGRESS", "SUCCESS")


NO_SUCH_VERSION = "The requested package doesn't yet exist or has been deleted."
NOT_YET = (
    "This package is not yet available. It may take some time until a new package version is "
    "available on your instance."
)


@dataclass
class Install:
    """A running or finished install; `ends` is None for one that failed at the start."""

    id: str
    org: EmulatedOrg
    user_id: str
    package: PackageVersion | None
    progression: Progression
    ends: datetime
    error: str = ""
    is_settled: bool = False

    def settle(self) -> None:
        """Install the package when its duration is over, and release the setup lock."""
        if self.is_settled or self.org.world.now() < self.ends:
            return
        self.is_settled = True
        if not self.error and self.package is not None:
            with self.org.store.transaction():
                add_contents(self.org, self.package, self.user_id)
                note_installed(self.org, self.package)
        self.org.setup_lock.release(self.id)

    def poll(self) -> dict[str, Any]:
        """The current Status and Errors; advances by at most one."""
        is_over = self.progression.poll() == STATES[-1] and self.is_settled
        if not is_over:
            return {"Status": STATES[0], "Errors": None}
        if self.error:
            return {"Status": "ERROR", "Errors": {"errors": [{"message": self.error}]}}
        return {"Status": "SUCCESS", "Errors": None}


def start(
    org: EmulatedOrg, request_id: str, version_id: str, key: str | None, user_id: str
) -> Install:
    """Start an install. An error is shown at its end, as on the platform."""
    package = find_version(org.world, version_id)
    error = _injected(org, version_id) or _problem(org, package, key)
    if not error and not org.setup_lock.try_acquire(request_id):
        error = (
            "unable to obtain exclusive access to this record or 1 records: "
            f"{to_15(org.id)}"  # docs/reference/deploys.md: an install or deploy holds the setup
        )
    progression = org.world.progression("package_install", STATES, of=org.username)
    if package is not None and package.duration is not None:
        progression.durations = [package.duration / org.world.latencies.speed]
    seconds = 0.0 if progression.instant else sum(progression.durations)
    ends = org.world.now() + timedelta(seconds=seconds)
    install = Install(request_id, org, user_id, package, progression, ends, error)
    org.installs[request_id] = install
    install.settle()
    return install


def _injected(org: EmulatedOrg, version_id: str) -> str:
    """The error of a fault (operation "package_install", the 04t id as its subject)."""
    wanted = org.world.faults.operation("package_install", org=org.label, subject=version_id)
    return "" if wanted is None else str(wanted.get("message") or wanted.get("error", "failed"))


def _problem(org: EmulatedOrg, package: PackageVersion | None, key: str | None) -> str:
    """Why this install will fail; "" if it will succeed."""
    if package is None:
        return NO_SUCH_VERSION
    if not opens(package, key):
        # the text of the platform was not seen
        return "Can't install package. The installation key is missing or invalid."
    missing = _missing_dependency(org, package)
    if missing is not None:
        return (
            f"The package you're installing depends on package '{missing.name}', version "
            f"'{missing.number}'. Install package '{missing.name}' in the target org before you "
            f"install package '{package.name}'."
        )
    return package.error or _downgrade(org, package)


def opens(package: PackageVersion, key: str | None) -> bool:
    """Whether the key is the version's; clients send it with `\\` and `'` escaped.

    Source: docs/reference/packages.md#install-request.
    """
    if package.installation_key is None:
        return True
    plain = re.sub(r"\\(.)", r"\1", key or "")
    return package.installation_key in (key, plain)


def is_available(org: EmulatedOrg, package: PackageVersion) -> bool:
    """Whether the version has reached the org's instance."""
    started = org.world.hub.created + timedelta(days=400)  # the hub is 400 days old at the start
    age = (org.world.now() - started).total_seconds()
    return age * org.world.latencies.speed >= package.available_after


def _missing_dependency(org: EmulatedOrg, package: PackageVersion) -> PackageVersion | None:
    for version_id in package.depends_on:
        needed = find_version(org.world, version_id)
        if needed is None:
            return PackageVersion(version_id, version_id, "")
        installed = installed_version(org, needed.package_id)
        if installed is None or installed < needed.version:
            return needed
    return None


def _downgrade(org: EmulatedOrg, package: PackageVersion) -> str:
    installed = installed_version(org, package.package_id)
    if installed is None or installed <= package.version:
        return ""
    return (
        "CANNOT_INSTALL_EARLIER_VERSION: A newer version of this package is currently installed. "
        "Ensure that you are installing a newer version, or uninstall the installed one first."
    )


def installed_version(org: EmulatedOrg, package_id: str) -> tuple[int, int, int, int] | None:
    """The installed version of a package (033 id)."""
    for row in org.store.find_by(INSTALLED, "SubscriberPackageId", package_id):
        version = org.store.peek("SubscriberPackageVersion", row["SubscriberPackageVersionId"])
        if version is not None:
            names = ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber")
            major, minor, patch, build = (int(version[name]) for name in names)
            return major, minor, patch, build
    return None


def note_installed(org: EmulatedOrg, package: PackageVersion) -> None:
    """The rows of an installed package: package, version, and the two together."""
    put_version(org, package)
    values = {"SubscriberPackageId": package.package_id, "SubscriberPackageVersionId": package.id}
    known = org.store.find_by(INSTALLED, "SubscriberPackageId", package.package_id)
    if known:
        org.store.set_fields(INSTALLED, known[0]["Id"], values)
    else:
        org.store.add(INSTALLED, values)


def put_version(org: EmulatedOrg, package: PackageVersion, **more: Any) -> None:
    """The SubscriberPackage and SubscriberPackageVersion rows of a version."""
    owner = {
        "Id": package.package_id,
        "Name": package.name,
        "NamespacePrefix": package.namespace,
        "Description": None,
        "IsPackageValid": True,
    }
    put(org, "SubscriberPackage", owner)
    put(org, "SubscriberPackageVersion", {**version_row(package), **more})


def version_row(package: PackageVersion) -> dict[str, Any]:
    """A version as the Tooling API shows it, without its installation key."""
    major, minor, patch, build = package.version
    return {
        "Id": package.id,
        "SubscriberPackageId": package.package_id,
        "Name": package.name,
        "MajorVersion": major,
        "MinorVersion": minor,
        "PatchVersion": patch,
        "BuildNumber": build,
        "ReleaseState": "Beta" if package.is_beta else "Released",
        "IsBeta": package.is_beta,
        "IsManaged": package.is_managed,
        "IsDeprecated": package.is_deprecated,
        "IsOrgDependent": False,
        "IsPasswordProtected": package.installation_key is not None,
        "IsSecurityReviewed": False,
        "Package2ContainerOptions": "Managed" if package.is_managed else "Unlocked",
        "InstallValidationStatus": "NO_ERRORS_DETECTED",
        "InstallationKey": None,
        "Dependencies": _dependencies(package),
        "RemoteSiteSettings": {"settings": []},
        "CspTrustedSites": {"settings": []},
        "Profiles": {
            "destinationProfiles": [],
            "sourceProfiles": [],
        },
    }


def _dependencies(package: PackageVersion) -> dict[str, Any] | None:
    ids = [{"subscriberPackageVersionId": one} for one in package.depends_on]
    return {"ids": ids} if ids else None


def put(org: EmulatedOrg, type_name: str, values: dict[str, Any]) -> None:
    """Add or change the row with the Id of `values`."""
    fields = org.store.types[type_name].fields
    row = {name: value for name, value in values.items() if name in fields}
    if org.store.peek(type_name, values["Id"]) is None:
        org.store.add(type_name, row)
    else:
        org.store.set_fields(type_name, values["Id"], row)

"""Package installs (Tooling): PackageInstallRequest, SubscriberPackageVersion.

Source: docs/reference/packages.md#install-request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.emulator.errors import ApiError, RecordError
from provisioner.emulator.metadata import installs
from provisioner.emulator.metadata.packages import VERSION_ID, PackageVersion, find_version
from provisioner.emulator.metadata.setup_queue import settle
from provisioner.emulator.objects.rules import Change, on_insert, on_read, rule
from provisioner.emulator.soql.errors import malformed
from provisioner.emulator.soql.hooks import QueryView, on_query

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg

_CHOICES = {
    "NameConflictResolution": {"block", "renamemetadata"},
    "SecurityType": {"full", "none", "custom", "push"},
    "UpgradeType": {"mixed-mode", "deprecate-only", "delete-only"},
    "ApexCompileType": {"all", "package"},
}
_RESTRICTION = (
    "Implementation restriction: You can only perform queries of the form Id = '04t…', "
    "with AND InstallationKey = '…' for a version that is protected by one"
)


class _MaskedKey(str):
    """An installation key that filters can compare and that no answer shows."""

    _key: str

    def __new__(cls, key: str) -> _MaskedKey:
        masked = super().__new__(cls, "*****")
        masked._key = key
        return masked

    def __str__(self) -> str:
        return self._key


@rule(installs.REQUEST, "before insert")
def _check_request(org: EmulatedOrg, change: Change) -> None:
    """A malformed id or an unknown choice is refused at once."""
    version_id = change.record.get("SubscriberPackageVersionKey") or ""
    if version_id and not VERSION_ID.match(version_id):
        text = f"Subscriber Package Version Key: id value of incorrect type: {version_id}"
        raise RecordError("MALFORMED_ID", text, ["SubscriberPackageVersionKey"])
    for name, choices in _CHOICES.items():
        value = change.record.get(name)
        if value and str(value).lower() not in choices:
            text = f"{name}: bad value for restricted picklist field: {value}"
            raise RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [name])
    if version_id:
        _check_existence(org, version_id)
    change.record["Status"] = installs.STATES[0]


def _check_existence(org: EmulatedOrg, version_id: str) -> None:
    """A missing version is refused at the insert: CumulusCI decides by these texts in its answer
    whether to retry (docs/reference/packages.md)."""
    package, fields = find_version(org.world, version_id), ["SubscriberPackageVersionKey"]
    if package is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", installs.NO_SUCH_VERSION, fields)
    if not installs.is_available(org, package):
        raise RecordError("PACKAGE_UNAVAILABLE", installs.NOT_YET, fields)


@on_insert(installs.REQUEST)
def _start(org: EmulatedOrg, change: Change) -> None:
    """Start the install; the key is not stored."""
    record = change.record
    settle(org)
    key = record.get("Password")
    if "Password" in record:
        change.store.set_fields(installs.REQUEST, record["Id"], {"Password": None})
    version_id = str(record["SubscriberPackageVersionKey"])
    installs.start(org, str(record["Id"]), version_id, key, change.user_id)


@on_read(installs.REQUEST)
def _poll(org: EmulatedOrg, record: Record) -> None:
    settle(org)
    install = org.installs.get(record["Id"])
    if isinstance(install, installs.Install):
        seen = install.poll()
        values = {name: value for name, value in seen.items() if name in record}
        if any(record[name] != value for name, value in values.items()):
            org.store.set_fields(installs.REQUEST, record["Id"], values)


@on_query(installs.INSTALLED)
def _settle_installs(org: EmulatedOrg, _view: QueryView) -> None:
    settle(org)


@on_query("SubscriberPackageVersion")
def _find_versions(org: EmulatedOrg, view: QueryView) -> None:
    """Any version can be queried by its id, and only by its id."""
    if not view.equal.get("Id") or set(view.equal) - {"Id", "InstallationKey"}:
        raise malformed(_RESTRICTION)
    keys = [str(key) for key in view.equal.get("InstallationKey", ()) if key]
    for version_id in view.equal["Id"]:
        package = find_version(org.world, str(version_id))
        if package is not None:
            _check_key(package, keys)
            _put(org, package, keys)


def _check_key(package: PackageVersion, keys: list[str]) -> None:
    """The messages are the platform's (cli#2882); of the codes only INSTALL_KEY is known."""
    if package.installation_key is None:
        return
    if not keys:
        raise ApiError(
            400,
            "INSTALL_KEY_REQUIRED",
            "Please provide installationkey when querying against SubscriberPackageVersion that "
            "is protected by installationkey",
        )
    if package.installation_key not in keys:
        text = "Invalid InstallationKey for SubscriberPackageVersion"
        raise ApiError(400, "INSTALL_KEY_INVALID", text)


def _put(org: EmulatedOrg, package: PackageVersion, keys: list[str]) -> None:
    more: dict[str, Any] = {"InstallationKey": _MaskedKey(keys[0]) if keys else None}
    if not installs.is_available(org, package):
        more["InstallValidationStatus"] = "PACKAGE_UNAVAILABLE"
    installs.put_version(org, package, **more)

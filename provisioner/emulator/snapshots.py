"""Org snapshots: the content of an org at one time, copied into new orgs.

Source: docs/reference/sign-up.md#snapshots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provisioner.emulator.features import unknown_packages
from provisioner.emulator.metadata.external_apps import installation
from provisioner.emulator.metadata.external_apps.elements import TYPES as APP_TYPES
from provisioner.emulator.objects.schema import ObjectType

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record
    from provisioner.emulator.org import EmulatedOrg

LARGEST = 200 * 1024 * 1024  # bytes of data (docs/reference/sign-up.md#snapshots)
BYTES_OF_A_RECORD = 2 * 1024  # as Salesforce counts the storage of most objects
NOT_COPIED = frozenset({"ConnectedApp", "ExternalCredential", "NamedCredential"})
"""Components that a new org does not get. Whether External Client Apps are copied is unknown: see
`snapshot_carries_app` of the behavior."""

_VALUES_OF_EACH_ORG = {
    "User": "Alias",
    "Profile": "Name",
    "UserLicense": "Name",
    "Organization": "InstanceName",
    "PermissionSetLicense": "DeveloperName",
    "Pricebook2": "Name",
    "DebugLevel": "DeveloperName",
    "TraceFlag": "LogType",
}
"""Type → the field by which a record of the source is found again in the new org."""


@dataclass(frozen=True)
class Snapshot:
    """The schema, records and metadata of an org; packages are among its records."""

    types: Sequence[ObjectType]  # those that the org has changed or added
    rows: Mapping[str, list[Record]]
    components: Mapping[tuple[str, str], Any]
    has_unknown_package: bool
    edition: str
    features: tuple[str, ...]


def source_error(org: EmulatedOrg | None) -> str:
    """Why an org cannot be the source of a snapshot; "" if it can. The texts are not Salesforce's.

    Source: docs/reference/sign-up.md#snapshots.
    """
    if org is None or org.is_hub or org.is_over():
        return "The source org is not an active scratch org of this Dev Hub."
    if org.namespace:
        return "The source org has a namespace."
    if org.is_from_snapshot:
        return "The source org was created from a snapshot."
    records = sum(len(org.store.peek_rows(name)) for name in org.store.types)
    if records * BYTES_OF_A_RECORD > LARGEST:
        return "The source org has more than 200 MB of data."
    return ""


def take(org: EmulatedOrg) -> Snapshot:
    """A snapshot of the org's current content."""
    store = org.store
    with store.lock:
        return Snapshot(
            store.types.changed(),
            {name: store.peek_rows(name) for name in store.types},
            {key: replace(one) for key, one in org.components.items()},
            org.has_unknown_package,
            org.edition,
            org.features,
        )


def put(snapshot: Snapshot, org: EmulatedOrg) -> None:
    """Copy a snapshot into a new org, except users and profiles."""
    store, stays = org.store, _not_copied(org)
    with store.transaction():
        for object_type in snapshot.types:
            store.add_type(replace(object_type, fields=dict(object_type.fields)))
        known = _counterparts(snapshot, org)
        for name, rows in snapshot.rows.items():
            for row in rows:
                if row["Id"] not in known and not _stays(name, row, stays):
                    store.add(name, {key: _moved(value, known) for key, value in row.items()})
    if snapshot.has_unknown_package:
        unknown_packages.accept(org)
    copied = {key: one for key, one in snapshot.components.items() if key[0] not in stays}
    org.components.update({key: replace(one) for key, one in copied.items()})
    installation.install(org)


def _not_copied(org: EmulatedOrg) -> frozenset[str]:
    """The types of components that a new org does not get."""
    carries_apps = org.world.behavior.snapshot_carries_app == "yes"
    return NOT_COPIED if carries_apps else NOT_COPIED | frozenset(APP_TYPES)


def _stays(type_name: str, row: Record, not_copied: frozenset[str]) -> bool:
    """Whether a record is not copied: those of components that are not, and those of profiles."""
    is_app = type_name in not_copied or row.get("SetupEntityType") in not_copied
    return is_app or bool(row.get("IsOwnedByProfile"))


def _counterparts(snapshot: Snapshot, org: EmulatedOrg) -> dict[str, str]:
    """Ids of the source → ids of the new org, for records that each org has.

    Users other than the admin are not copied; the admin becomes the owner of their records.
    """
    known = {row["Id"]: org.admin_id for row in snapshot.rows["User"]}
    for name, field in _VALUES_OF_EACH_ORG.items():
        for row in snapshot.rows[name]:
            found = org.store.find_by(name, field, row[field])
            if found:
                known[row["Id"]] = found[0]["Id"]
    return known


def _moved(value: Any, known: Mapping[str, str]) -> Any:
    return known.get(value, value) if isinstance(value, str) else value

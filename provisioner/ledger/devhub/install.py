"""Installs the ledger's metadata on a Dev Hub, assigns its permission sets, and removes both.

The metadata is in `provisioner/hub_metadata`, in metadata format: five objects and two permission
sets, no code. Only `provisioner hub` imports this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from provisioner.archive import zipped
from provisioner.errors import LedgerError, SalesforceError, UsageError
from provisioner.ledger.devhub.errors import BUILDER, CONSUMER
from provisioner.ledger.devhub.records import ORG, VERSION
from provisioner.plain_text import quantity
from provisioner.salesforce import permission_sets
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.fields import nullable_text, record_id, text
from provisioner.salesforce.soql import one_of, select
from provisioner.salesforce.whole_deploy import LONGEST_DEPLOY, deploy, problems
from provisioner.source import deletions
from provisioner.source.manifest import manifest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from provisioner.salesforce.org import OrgClient

SETS = (BUILDER, CONSUMER)
_API_VERSION = "60.0"
_VERSION = re.compile(r"Ledger version (\d+)")


@dataclass(frozen=True)
class Installed:
    """The result of an installation."""

    is_new: bool  # no version was installed before
    components: int
    builders: tuple[str, ...]
    consumers: tuple[str, ...]


def install(
    hub: OrgClient,
    *,
    builders: Collection[str],
    consumers: Collection[str],
    say: Callable[[str], None],
    time_scale: float = 1.0,
) -> Installed:
    """Deploy everything (again), and assign the permission sets to users by username.

    `time_scale` is the factor on the second between two polls of the deploy.

    Raises UsageError for an unknown user, LedgerError when the Dev Hub has a newer one or refuses
    the deploy, SalesforceError.
    """
    users = _user_ids(hub, {*builders, *consumers})
    found = _installed_version(hub)
    if found is not None and found > VERSION:
        raise LedgerError(
            "the ledger on the Dev Hub was installed by a newer provisioner (its version is "
            f"{found}, this provisioner has version {VERSION})",
            code="ledger_newer",
            hint="upgrade provisioner on this machine: pip install --upgrade provisioner",
        )
    contents = dict(_metadata())
    say("deploying 5 objects and 2 permission sets")
    components = _deploy(hub, contents, time_scale)
    for name, names in ((BUILDER, builders), (CONSUMER, consumers)):
        _assign(hub, name, {username: users[username.lower()] for username in names}, say)
    return Installed(found is None, components, tuple(builders), tuple(consumers))


def uninstall(
    hub: OrgClient, *, force: bool, say: Callable[[str], None], time_scale: float = 1.0
) -> bool:
    """Remove everything, records included; False when nothing was installed.

    Raises LedgerError while the ledger knows orgs that are not deleted, unless `force`.
    """
    known = _not_deleted(hub)
    if known is None and _installed_version(hub) is None:
        return False
    if known and not force:
        raise LedgerError(
            f"the ledger still contains {quantity(known, 'scratch org')}",
            code="ledger_in_use",
            hint="copy the ledger first (provisioner ledger copy devhub sqlite:///ledger.db), or "
            "delete the orgs (provisioner release, provisioner reap); --force discards their rows",
        )
    where = one_of("PermissionSet.Name", SETS)
    soql = select("Id", "PermissionSetAssignment", where)
    assigned = hub.query_as(soql, lambda row: record_id(row, "Id"))
    if assigned:
        say(f"removing {quantity(len(assigned), 'permission set assignment')}")
        for start in range(0, len(assigned), permission_sets.BATCH):
            batch = assigned[start : start + permission_sets.BATCH]
            _require_all(hub.delete_many(batch))
    say("deleting 5 objects and 2 permission sets")
    _deploy(hub, _removal(), time_scale)
    return True


def _metadata() -> Iterable[tuple[str, bytes]]:
    """Path and content of each file of the package."""

    def walk(folder: Traversable, prefix: str) -> Iterable[tuple[str, bytes]]:
        for entry in sorted(folder.iterdir(), key=lambda one: one.name):
            if entry.is_dir():
                yield from walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith((".xml", ".object", ".permissionset")):
                yield prefix + entry.name, entry.read_bytes()

    return walk(files("provisioner") / "hub_metadata", "")


def _removal() -> Mapping[str, bytes]:
    """The package that deletes what the other one deploys: permission sets first."""
    objects = [
        path.partition("/")[2].removesuffix(".object")
        for path, _ in _metadata()
        if path.startswith("objects/")
    ]
    return {
        "package.xml": manifest({}, _API_VERSION),
        deletions.BEFORE: manifest({"PermissionSet": SETS}, _API_VERSION),
        deletions.AFTER: manifest({"CustomObject": tuple(objects)}, _API_VERSION),
    }


def _deploy(hub: OrgClient, contents: Mapping[str, bytes], time_scale: float) -> int:
    """Deploy and wait for the end; how many components. Raises LedgerError with every problem."""
    # A missing component is a warning, which fails a deploy unless warnings are ignored.
    body = deploy_body(zipped(contents), {"ignoreWarnings": True})
    status = deploy(hub, body, time_scale=time_scale)
    if not status.is_done:
        raise LedgerError(
            f"the deploy {status.id} on the Dev Hub has not finished after "
            f"{LONGEST_DEPLOY / 60:.0f} minutes",
            code="deploy",
            hint="see Setup > Deployment Status on the Dev Hub; when it is finished, run the "
            "command again",
        )
    if not status.is_success:
        raise LedgerError(
            f"the Dev Hub refused the deploy:\n{problems(status)}",
            code="deploy",
            hint="the user needs Modify All Data, or Modify Metadata with Customize Application",
        )
    return status.deployed


def _installed_version(hub: OrgClient) -> int | None:
    """The version of the metadata on the Dev Hub; None when there is none."""
    where = f"Name = '{BUILDER}'"
    soql = select("Description", "PermissionSet", where)
    found = hub.query_as(soql, lambda row: nullable_text(row, "Description"))
    match = _VERSION.search(found[0]) if found else None
    return int(match[1]) if match else None


def _not_deleted(hub: OrgClient) -> int | None:
    """How many rows are not those of deleted orgs; None without the object."""
    for condition in (["State__c != 'deleted'"], []):
        try:
            return hub.count(select("COUNT()", ORG, *condition))
        except SalesforceError as error:
            if error.error_code != "INVALID_FIELD":  # hidden from the user: count all
                break
    return None


def _user_ids(hub: OrgClient, usernames: Collection[str]) -> dict[str, str]:
    """User ids by username in lower case. Raises UsageError for a user that does not exist."""
    if not usernames:
        return {}
    soql = select("Id, Username", "User", one_of("Username", sorted(usernames)))
    found = dict(
        hub.query_as(
            soql, lambda row: (text(row, "Username").lower(), record_id(row, "Id", prefix="005"))
        )
    )
    unknown = sorted(name for name in usernames if name.lower() not in found)
    if unknown:
        raise UsageError(
            f"the Dev Hub has no user {', '.join(unknown)}",
            code="unknown_user",
            hint="create the user in the Dev Hub's Setup first",
        )
    return found


def _assign(
    hub: OrgClient, name: str, users: Mapping[str, str], say: Callable[[str], None]
) -> None:
    if not users:
        return
    set_id = permission_sets.find(hub, [name])[name]
    for username, user_id in users.items():
        refused = permission_sets.assign(hub, user_id, [set_id])
        if refused:
            raise LedgerError(
                f"the permission set {name} could not be assigned to {username}: "
                f"{refused[set_id].message}",
                code="hub_permission",
                hint="assign it by hand: on the Dev Hub, Setup > Permission Sets",
            )
        say(f"{username} has the permission set {name}")


def _require_all(results: Iterable[Mapping[str, object]]) -> None:
    failed = [result for result in results if not result.get("success")]
    if failed:
        raise LedgerError(
            f"{quantity(len(failed), 'permission set assignment')} could not be removed: "
            f"{failed[0].get('errors')}",
            code="hub_permission",
        )

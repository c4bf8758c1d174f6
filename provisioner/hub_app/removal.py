"""Removes the app and its permission set from the Dev Hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.archive import zipped
from provisioner.errors import UsageError
from provisioner.hub_app import state
from provisioner.hub_app.refusals import named, require_success
from provisioner.plain_text import quantity
from provisioner.salesforce import permission_sets
from provisioner.salesforce.deletion import Deletion
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.soql import equals, select
from provisioner.salesforce.whole_deploy import deploy
from provisioner.source import deletions
from provisioner.source.manifest import manifest

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
    from provisioner.salesforce.org import OrgClient


def remove(
    org: OrgClient,
    hub: DevHub,
    *,
    is_confirmed: bool,
    say: Callable[[str], None],
    time_scale: float = 1.0,
) -> bool:
    """Delete both, with the assignments; False when the Dev Hub has neither.

    Raises UsageError for the app that `dev_hub` logs in with, unless `is_confirmed`.
    """
    with named():
        found = state.find(org)
        if not found:
            return False
        if found.app and not is_confirmed:
            _refuse_own(org, hub, time_scale)
        if found.permission_set:
            _unassign(org, found.permission_set, say)
        say(f"deleting the External Client App {state.NAME} and its permission set")
        body = deploy_body(zipped(_package(found, org.api_version)), {"ignoreWarnings": True})
        require_success(deploy(org, body, time_scale=time_scale))
    return True


def _refuse_own(org: OrgClient, hub: DevHub, time_scale: float) -> None:
    key = state.settings(org, time_scale=time_scale).consumer_key
    if key == hub.consumer_key:
        raise UsageError(
            f"dev_hub.consumer_key of pool.yaml is that of the app {state.NAME}: without it, "
            "builds cannot log in, nor can anybody to the orgs that were signed up with it; "
            "nothing was changed",
            code="app_in_use",
            hint="pass --yes to remove it all the same",
        )


def _unassign(org: OrgClient, permission_set: str, say: Callable[[str], None]) -> None:
    where = equals("PermissionSetId", permission_set)
    soql = select("Id", "PermissionSetAssignment", where)
    assigned = org.query_as(soql, lambda row: record_id(row, "Id"))
    if assigned:
        say(f"removing {quantity(len(assigned), 'permission set assignment')}")
    for start in range(0, len(assigned), permission_sets.BATCH):
        batch = assigned[start : start + permission_sets.BATCH]
        results = zip(batch, org.delete_many(batch), strict=True)
        refused = [
            done.refusal for key, result in results if (done := Deletion.of(key, result)).refusal
        ]
        if refused:
            raise UsageError(
                f"{quantity(len(refused), 'permission set assignment')} could not be removed: "
                f"{refused[0]}",
                code="hub_permission",
                hint="the user of the session needs Assign Permission Sets",
            )


def _package(found: state.Found, api_version: str) -> dict[str, bytes]:
    """A package that deletes the app first: its policies name the permission set."""
    before = {"ExternalClientApplication": (state.NAME,)} if found.app else {}
    after = {"PermissionSet": (state.NAME,)} if found.permission_set else {}
    return {
        "package.xml": manifest({}, api_version),
        **({deletions.BEFORE: manifest(before, api_version)} if before else {}),
        **({deletions.AFTER: manifest(after, api_version)} if after else {}),
    }

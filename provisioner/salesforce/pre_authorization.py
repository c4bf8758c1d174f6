"""Pre-authorizes users for an External Client App: a permission set, and its link to the app.

Whether the deploy of the app creates the link (`SetupEntityAccess`) differs between orgs, and a
redeploy may leave the link of an app that no longer exists. So the exact pair is queried, inserted
when it is missing, and queried again. Source:
docs/reference/external-client-apps.md#pre-authorization.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce import permission_sets
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

BY_DEPLOY, INSERTED = "by_deploy", "inserted"


def app_id(org: OrgClient, name: str) -> str:
    """The id of the External Client App with this API name; "" when the org has none."""
    soql = select("Id", "ExternalClientApplication", equals("DeveloperName", name))
    try:
        found = org.query_as(soql, lambda row: record_id(row, "Id"))
    except SalesforceError as error:
        if error.error_code == "INVALID_TYPE":  # the org does not have such apps, or not yet
            return ""
        raise
    return next(iter(found), "")


def pre_authorize(org: OrgClient, name: str, user_ids: Collection[str]) -> str:
    """Let these users log in through the app `name`, by the permission set of the same name.

    Returns who has linked the two: `by_deploy` or `inserted`. Safe to run twice. Raises
    SalesforceError.
    """
    app, permission_set = app_id(org, name), permission_sets.find(org, [name]).get(name, "")
    if not (app and permission_set):
        missing = "External Client App" if permission_set else "permission set"
        raise SalesforceError(
            f"{org.name}: the {missing} {name} is not in the org after its deploy",
            kind=ErrorKind.TRANSIENT,
        )
    for user_id in user_ids:
        refused = permission_sets.assign(org, user_id, [permission_set])
        if refused:
            raise refused[permission_set]
    return _link(org, permission_set, app)


def _link(org: OrgClient, permission_set: str, app: str) -> str:
    if _is_linked(org, permission_set, app):
        return BY_DEPLOY
    try:
        org.create("SetupEntityAccess", {"ParentId": permission_set, "SetupEntityId": app})
    except SalesforceError as error:
        if error.kind is not ErrorKind.TRANSIENT and not _is_linked(org, permission_set, app):
            raise
    if not _is_linked(org, permission_set, app):
        raise SalesforceError(
            f"{org.name}: the app is not linked to its permission set", kind=ErrorKind.TRANSIENT
        )
    return INSERTED


def _is_linked(org: OrgClient, permission_set: str, app: str) -> bool:
    where = f"{equals('ParentId', permission_set)} AND {equals('SetupEntityId', app)}"
    return bool(org.query_as(select("Id", "SetupEntityAccess", where), lambda row: row))

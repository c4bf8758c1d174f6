"""Pre-authorizes users for an External Client App: a permission set, and its link to the app.

Whether the deploy of the app creates the link (`SetupEntityAccess`) differs between orgs, and a
redeploy may leave the link of an app that no longer exists. So the exact pair is queried, inserted
when it is missing, and queried again. Source:
docs/reference/external-client-apps.md#pre-authorization.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from provisioner.errors import ErrorKind, SalesforceError
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.permission_sets import SETS, Assignment, assign_all, matching
from provisioner.salesforce.reads import Read, answered, answers, records
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.org import OrgClient

T = TypeVar("T")
Link = tuple[str, str]
"""Ids of a permission set and of what it gives access to."""

BY_DEPLOY, INSERTED = "by_deploy", "inserted"


def app_id(org: OrgClient, name: str) -> str:
    """The id of the External Client App with this API name; "" when the org has none."""
    (found,) = answers(org, [_app(name)])
    return _id_of(found)


def pre_authorize(org: OrgClient, name: str, user_ids: Collection[str]) -> str:
    """Let these users log in through the app `name`, by the permission set of the same name.

    Returns who has linked the two: `by_deploy` or `inserted`. Safe to run twice. Raises
    SalesforceError.
    """
    app, sets, links = answers(org, [_app(name), matching([name], SETS), _links(name)])
    app, sets, links = _id_of(app), _succeeded(sets), _succeeded(links)
    if not (app and sets):
        missing = "External Client App" if sets else "permission set"
        raise SalesforceError(
            f"{org.name}: the {missing} {name} is not in the org after its deploy",
            kind=ErrorKind.TRANSIENT,
        )
    permission_set = sets[name].id
    wanted = [(SETS, Assignment(user_id, permission_set)) for user_id in user_ids]
    for refused in assign_all(org, wanted).values():
        raise refused
    return _link(org, name, (permission_set, app), links)


def _link(org: OrgClient, name: str, wanted: Link, links: list[Link]) -> str:
    if wanted in links:
        return BY_DEPLOY
    try:
        org.create("SetupEntityAccess", {"ParentId": wanted[0], "SetupEntityId": wanted[1]})
    except SalesforceError as error:
        if error.kind is not ErrorKind.TRANSIENT and wanted not in _linked(org, name):
            raise
    if wanted not in _linked(org, name):
        raise SalesforceError(
            f"{org.name}: the app is not linked to its permission set", kind=ErrorKind.TRANSIENT
        )
    return INSERTED


def _linked(org: OrgClient, name: str) -> list[Link]:
    (found,) = answered(org, [_links(name)])
    links: list[Link] = found
    return links


def _links(name: str) -> Read[list[Link]]:
    """What the permission set of this name is linked to: pairs of ids."""
    soql = select("ParentId, SetupEntityId", "SetupEntityAccess", equals("Parent.Name", name))
    return records(soql, lambda row: (record_id(row, "ParentId"), record_id(row, "SetupEntityId")))


def _app(name: str) -> Read[list[str]]:
    soql = select("Id", "ExternalClientApplication", equals("DeveloperName", name))
    return records(soql, lambda row: record_id(row, "Id"))


def _id_of(found: list[str] | SalesforceError) -> str:
    """The id of the app; "" where the org does not have such apps, or not yet."""
    if isinstance(found, SalesforceError) and found.error_code == "INVALID_TYPE":
        return ""
    return next(iter(_succeeded(found)), "")


def _succeeded(found: T | SalesforceError) -> T:
    if isinstance(found, SalesforceError):
        raise found
    return found

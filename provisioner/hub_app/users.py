"""The build user on the Dev Hub, and why a permission set may be refused to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import SalesforceError, UsageError
from provisioner.hub_app.rights import ADMINISTRATOR
from provisioner.hub_app.state import NAME
from provisioner.salesforce.fields import flag, record_id, text
from provisioner.salesforce.soql import equals, select

if TYPE_CHECKING:
    from provisioner.salesforce.fields import Row
    from provisioner.salesforce.org import OrgClient

_LICENSE = "license"
LICENSE_HINT = (
    "a user of the licence Salesforce Integration also needs the permission set licence Salesforce "
    "API Integration: Setup, the user, Permission Set License Assignments; then run the command "
    "again"
)


@dataclass(frozen=True)
class BuildUser:
    """The user who builds the pools."""

    id: str
    email: str
    is_active: bool


def build_user(org: OrgClient, username: str) -> BuildUser:
    """The user with this username. Raises UsageError for one who cannot log in."""
    soql = select("Id, Email, IsActive", "User", equals("Username", username))
    found = next(iter(org.query_as(soql, _user)), None)
    if found is None:
        raise UsageError(
            f"the Dev Hub has no user {username}",
            code="unknown_user",
            hint="create the user in the Dev Hub's Setup first, correct dev_hub.username, or check "
            "whether the session is one of the Dev Hub",
        )
    if not found.is_active:
        raise UsageError(
            f"the user {username} of the Dev Hub is inactive",
            code="inactive_user",
            hint="activate the user in the Dev Hub's Setup",
        )
    return found


def _user(row: Row) -> BuildUser:
    return BuildUser(record_id(row, "Id", prefix="005"), text(row, "Email"), flag(row, "IsActive"))


def assignment_refused(error: SalesforceError, username: str) -> UsageError:
    """The error for a permission set, or its link to the app, that the Dev Hub refuses."""
    is_about_license = _LICENSE in error.message.lower()
    return UsageError(
        f"the app is deployed, but {username} could not be pre-authorized by the permission set "
        f"{NAME}: {error.message}",
        code="hub_permission",
        hint=LICENSE_HINT if is_about_license else ADMINISTRATOR,
    )

"""Gives the integration user of an emulated Dev Hub the rights that builds need."""

from __future__ import annotations

from provisioner.emulator.world import DEFAULT_HUB_USERNAME
from tests.builder.night import Night
from tests.emulator.access.conftest import Hub, key_pair, object_grant
from tests.emulator.core.conftest import Client

SIGN_UP = object_grant("ScratchOrgInfo", "Read", "Create", "Edit", "Delete")
ACTIVE = object_grant("ActiveScratchOrg", "Read", "Edit", "Delete")


class _LimitedHub(Hub):
    """The hub of such a user, as its administrator sees it."""

    def __init__(self, night: Night) -> None:
        self.world, self.server = night.world, night.server
        self.admin = Client(night.server, key_pair().private_key)
        session = {"username": night.world.admin_username}
        token = self.admin.call("POST", "/_emulator/sessions", json=session).json()["access_token"]
        self.admin.token, self.admin.http.headers["Authorization"] = token, f"Bearer {token}"


def grant_rights(night: Night, *grants: str) -> None:
    """Assign the licence and a permission set with `grants`, by default those of a build."""
    hub = _LimitedHub(night)
    soql = "SELECT Id FROM PermissionSetLicense WHERE DeveloperName = "
    [licence] = hub.admin.query(f"{soql}'SalesforceAPIIntegrationPsl'")
    user = night.world.usernames[DEFAULT_HUB_USERNAME][1]
    values = {"AssigneeId": user, "PermissionSetLicenseId": licence["Id"]}
    hub.admin.create("PermissionSetLicenseAssign", **values)
    hub.assign(DEFAULT_HUB_USERNAME, hub.deploy_set("Build", *(grants or (SIGN_UP, ACTIVE))))
    hub.admin.http.close()

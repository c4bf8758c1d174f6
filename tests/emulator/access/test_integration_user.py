"""A build user of the Salesforce Integration licence has only what permission sets give.

Source: docs/reference/dev-hub.md#users-with-least-rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.emulator.access.conftest import Hub, key_pair, object_grant
from tests.emulator.core.conftest import DEFINITION, Client
from tests.emulator.external_apps.builders import SET, app_zip
from tests.emulator.metadata.builders import package, permission_set

BUILD, ADMIN = "build@acme.example", "admin@acme.example"
SIGN_UP = object_grant("ScratchOrgInfo", "Read", "Create", "Edit", "Delete")
ACTIVE = object_grant("ActiveScratchOrg", "Read", "Edit", "Delete")
READ_ONLY = "INSUFFICIENT_ACCESS_OR_READONLY"


class LimitedHub(Hub):
    """The hub of a build user without rights; `build` is that user."""

    def __init__(self, server: EmulatorServer) -> None:
        self.world, self.server = server.world, server
        self.admin, self.build = (Client(server, key_pair().private_key) for _ in range(2))
        for client, username in ((self.admin, ADMIN), (self.build, BUILD)):
            reply = client.call("POST", "/_emulator/sessions", json={"username": username})
            token = reply.json()["access_token"]
            client.token, client.http.headers["Authorization"] = token, f"Bearer {token}"

    def give_license(self) -> None:
        """Assign the permission set licence of integrations to the build user."""
        name = "SalesforceAPIIntegrationPsl"
        soql = f"SELECT Id FROM PermissionSetLicense WHERE DeveloperName = '{name}'"
        [row] = self.admin.query(soql)
        values = {"AssigneeId": self.build_id, "PermissionSetLicenseId": row["Id"]}
        self.admin.create("PermissionSetLicenseAssign", **values)

    def give(self, *grants: str, name: str = "Build") -> None:
        """Assign a permission set with these grants to the build user."""
        self.assign(BUILD, self.deploy_set(name, *grants))

    @property
    def build_id(self) -> str:
        return self.world.usernames[BUILD][1]

    def delete(self, client: Client, record: dict[str, Any]) -> Any:
        """The answer to the deletion of a sign-up's org."""
        where = f"ScratchOrg = '{record['ScratchOrg']}'"
        [row] = self.admin.query(f"SELECT Id FROM ActiveScratchOrg WHERE {where}")
        return client.call("DELETE", f"sobjects/ActiveScratchOrg/{row['Id']}")


@pytest.fixture
def limited() -> Iterator[LimitedHub]:
    """A hub with such a build user."""
    world = World(
        certificate=key_pair().certificate,
        hub_username=BUILD,
        hub_user="integration",
        latencies=Latencies(instant=True),
    )
    with EmulatorServer(world) as server:
        yield LimitedHub(server)


def test_the_announced_user_logs_in_and_sees_nothing(limited: LimitedHub) -> None:
    assert limited.build.grant(BUILD).status_code == 200
    for name in ("ScratchOrgInfo", "ActiveScratchOrg", "OrgSnapshot", "Organization", "Account"):
        reply = limited.build.call("GET", "query", params={"q": f"SELECT Id FROM {name}"})
        assert reply.json()[0]["errorCode"] == "INVALID_TYPE", name
    reply = limited.build.call("POST", "sobjects/ScratchOrgInfo", json=DEFINITION)
    assert limited.build.refusal(reply)[1] == "NOT_FOUND"
    [own] = limited.build.query(f"SELECT Profile.Name FROM User WHERE Username = '{BUILD}'")
    assert own["Profile"]["Name"] == "Minimum Access - API Only Integrations"


def test_object_permissions_need_the_permission_set_license(limited: LimitedHub) -> None:
    set_id = limited.deploy_set("Build", SIGN_UP, ACTIVE)
    values = {"AssigneeId": limited.build_id, "PermissionSetId": set_id}
    reply = limited.admin.call("POST", "sobjects/PermissionSetAssignment", json=values)
    status, code, message = limited.admin.refusal(reply)
    assert (status, code) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert "The user license doesn't allow the permission: Read ScratchOrgInfo" in message
    limited.give_license()
    limited.assign(BUILD, set_id)


def test_an_empty_permission_set_needs_no_license(limited: LimitedHub) -> None:
    limited.assign(BUILD, limited.deploy_set("Login"))


def test_with_its_grants_it_signs_up_and_deletes_its_own_orgs(limited: LimitedHub) -> None:
    limited.give_license()
    limited.give(SIGN_UP, ACTIVE)
    record = limited.build.sign_up()
    assert record["Status"] == "Active"
    assert limited.delete(limited.build, record).status_code == 204
    reply = limited.build.call("GET", "query", params={"q": "SELECT Id FROM Organization"})
    assert reply.json()[0]["errorCode"] == "INVALID_TYPE"


def test_grants_that_were_inserted_count_as_well(limited: LimitedHub) -> None:
    limited.give_license()
    set_id = limited.admin.create("PermissionSet", Name="Inserted", Label="Inserted")
    flags = {f"Permissions{one}": True for one in ("Read", "Create", "Edit", "Delete")}
    values = {"ParentId": set_id, "SobjectType": "ScratchOrgInfo", **flags}
    limited.admin.create("ObjectPermissions", **values)
    limited.assign(BUILD, set_id)
    assert limited.build.create("ScratchOrgInfo", **DEFINITION)


def test_a_standard_object_can_be_granted(limited: LimitedHub) -> None:
    limited.give_license()
    limited.give(object_grant("Account", "Read"))
    assert limited.build.query("SELECT Id FROM Account") == []


def test_orgs_of_others_are_not_deleted_even_with_view_all(limited: LimitedHub) -> None:
    limited.give_license()
    all_seen = object_grant("ActiveScratchOrg", "Read", "Edit", "Delete", "ViewAll")
    limited.give(SIGN_UP, all_seen)
    reply = limited.delete(limited.build, limited.admin.sign_up())
    message = "insufficient access rights on object id"
    assert limited.build.refusal(reply) == (400, READ_ONLY, message)


@pytest.mark.parametrize(
    ("which", "own", "others"), [("own", 204, 400), ("all", 204, 204), ("none", 400, 400)]
)
def test_which_orgs_are_deleted_can_be_set(
    limited: LimitedHub, which: Any, own: int, others: int
) -> None:
    limited.world.behavior = replace(limited.world.behavior, can_delete_orgs=which)
    limited.give_license()
    all_seen = object_grant("ActiveScratchOrg", "Read", "Edit", "Delete", "ViewAll")
    limited.give(SIGN_UP, all_seen)
    mine, other = limited.build.sign_up(), limited.admin.sign_up()
    assert limited.delete(limited.build, mine).status_code == own
    assert limited.delete(limited.build, other).status_code == others
    assert limited.delete(limited.admin, limited.admin.sign_up()).status_code == 204


def test_whether_limits_are_read_can_be_set(limited: LimitedHub) -> None:
    assert "ActiveScratchOrgs" in limited.build.call("GET", "limits").json()
    limited.world.behavior = replace(limited.world.behavior, limits_readable="no")
    reply = limited.build.call("GET", "limits")
    assert limited.build.refusal(reply)[:2] == (403, "INSUFFICIENT_ACCESS")
    assert limited.admin.call("GET", "limits").status_code == 200


def test_it_deploys_no_metadata_by_either_api(limited: LimitedHub) -> None:
    form = {
        "json": ("", '{"deployOptions": {"singlePackage": true}}', "application/json"),
        "file": ("p.zip", package({"PermissionSet": "A"}, {"permissionsets/A.permissionset":
                                                           permission_set()}), "application/zip"),
    }  # fmt: skip
    reply = limited.build.call("POST", "metadata/deployRequest", files=form)
    assert limited.build.refusal(reply)[:2] == (403, "INSUFFICIENT_ACCESS")
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader>'
        f"<sessionId>{limited.build.token}</sessionId></SessionHeader></e:Header><e:Body>"
        "<describeMetadata/></e:Body></e:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    path = "/services/Soap/m/68.0"
    reply = limited.build.call("POST", path, data=envelope, headers=headers)
    assert (reply.status_code, "INSUFFICIENT_ACCESS" in reply.text) == (500, True)


def test_it_cannot_pre_authorize_itself(limited: LimitedHub) -> None:
    set_id = limited.deploy_set("Login")
    values = {"AssigneeId": limited.build_id, "PermissionSetId": set_id}
    reply = limited.build.call("POST", "sobjects/PermissionSetAssignment", json=values)
    assert limited.build.refusal(reply)[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_an_app_that_the_administrator_deploys_lets_it_in(limited: LimitedHub) -> None:
    certificate = key_pair().certificate
    zip_bytes = app_zip(certificate, {"ExtlClntAppGlobalOauthSettings": {"consumerKey": "k" * 64}})
    form = {
        "json": ("", '{"deployOptions": {"singlePackage": true}}', "application/json"),
        "file": ("p.zip", zip_bytes, "application/zip"),
    }
    reply = limited.admin.call("POST", "metadata/deployRequest", files=form)
    path = f"metadata/deployRequest/{reply.json()['id']}?includeDetails=true"
    assert limited.admin.call("GET", path).json()["deployResult"]["success"]
    assert limited.build.refusal(limited.build.grant(BUILD, iss="k" * 64))[1] == (
        "invalid_app_access"
    )
    [row] = limited.admin.query(f"SELECT Id FROM PermissionSet WHERE Name = '{SET}'")
    limited.assign(BUILD, row["Id"])
    assert limited.build.grant(BUILD, iss="k" * 64).status_code == 200
    assert limited.build.refusal(limited.build.grant(ADMIN, iss="k" * 64))[1] == (
        "invalid_app_access"
    )


def test_the_usual_hub_user_is_an_administrator(hub: Hub) -> None:
    assert hub.world.admin_username == "hub@acme.example"
    assert hub.admin.query("SELECT Id FROM Organization")

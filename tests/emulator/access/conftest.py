"""A Dev Hub with an object of its own, an administrator, and users with less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from tests.emulator.core.conftest import Client
from tests.emulator.metadata.builders import (
    custom_field,
    custom_object,
    object_part,
    package,
    permission_set,
)

KEYS: list[KeyPair] = []


def key_pair() -> KeyPair:
    """Made once a process: it is slow."""
    if not KEYS:
        KEYS.append(make_key_pair())
    return KEYS[0]


def object_grant(name: str, *flags: str) -> str:
    """An `<objectPermissions>` element: `Read`, `Create`, `Edit`, `Delete`."""
    words = ("Create", "Delete", "Edit", "Read")
    texts = "".join(f"<allow{one}>{str(one in flags).lower()}</allow{one}>" for one in words)
    for name_, word in (("modifyAllRecords", "ModifyAll"), ("viewAllRecords", "ViewAll")):
        texts += f"<{name_}>{str(word in flags).lower()}</{name_}>"
    return f"<objectPermissions>{texts}<object>{name}</object></objectPermissions>"


def field_grant(name: str, *, editable: bool = False) -> str:
    """A `<fieldPermissions>` element."""
    return (
        f"<fieldPermissions><editable>{str(editable).lower()}</editable><field>{name}</field>"
        "<readable>true</readable></fieldPermissions>"
    )


class Hub:
    """The hub, and its users as clients."""

    def __init__(self, server: EmulatorServer) -> None:
        self.world = server.world
        self.server = server
        self.admin = Client(server, key_pair().private_key)
        self.admin.login()

    def deploy(self, members: dict[str, str], files: dict[str, str | bytes]) -> None:
        """Deploy as the administrator; it must succeed."""
        form = {
            "json": ("", '{"deployOptions": {"singlePackage": true}}', "application/json"),
            "file": ("p.zip", package(members, files), "application/zip"),
        }
        reply = self.admin.call("POST", "metadata/deployRequest", files=form)
        path = f"metadata/deployRequest/{reply.json()['id']}?includeDetails=true"
        result = self.admin.call("GET", path).json()["deployResult"]
        while not result["done"]:
            result = self.admin.call("GET", path).json()["deployResult"]
        assert result["success"], result["details"]["componentFailures"]

    def deploy_set(self, name: str, *grants: str) -> str:
        """A permission set; its id."""
        files: dict[str, str | bytes] = {
            f"permissionsets/{name}.permissionset": permission_set(*grants, label=name)
        }
        self.deploy({"PermissionSet": name}, files)
        [row] = self.admin.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")
        return str(row["Id"])

    def assign(self, username: str, set_id: str) -> None:
        """Give a user a permission set."""
        _, user_id = self.world.usernames[username]
        self.admin.create("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=set_id)

    def user(self, username: str, *grants: str, profile: str = "Standard User") -> Client:
        """A user with a permission set of these grants, logged in."""
        [row] = self.admin.query(f"SELECT Id FROM Profile WHERE Name = '{profile}'")
        values: dict[str, Any] = {"LastName": "User", "Alias": "user", "Email": "user@acme.example"}
        values |= {"TimeZoneSidKey": "UTC", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8"}
        values |= {"LanguageLocaleKey": "en_US", "ProfileId": row["Id"], "Username": username}
        user_id = self.admin.create("User", **values)
        self.world.hub.apps[DEFAULT_CONSUMER_KEY].approved.add(user_id)
        if grants:
            name = username.partition("@")[0].title().replace("-", "_")
            self.assign(username, self.deploy_set(name, *grants))
        client = Client(self.server, key_pair().private_key)
        client.login(username)
        return client


@pytest.fixture
def hub() -> Iterator[Hub]:
    """The hub with an object `Thing__c`: fields `Open__c` and `Shut__c`, and `Must__c` required."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(speed=1e9))
    with EmulatorServer(world) as server:
        hub = Hub(server)
        thing = custom_object(
            custom_field("Open__c"),
            custom_field("Shut__c"),
            custom_field("Key__c", more="<length>40</length><unique>true</unique>"),
            sharing="Read",
        )
        mine = custom_field("Mine__c")
        hub.deploy(
            {"CustomObject": "Thing__c", "CustomField": "ScratchOrgInfo.Mine__c"},
            {
                "objects/Thing__c.object": thing,
                "objects/ScratchOrgInfo.object": object_part(mine),
            },
        )
        yield hub

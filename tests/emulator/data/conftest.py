"""A scratch org on a real server, with a session, an external id and a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from provisioner.emulator.clock import Clock
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.objects.schema import Field
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World

VERSION = "68.0"


class Client:
    """Calls the REST API of one org."""

    def __init__(self, server: EmulatorServer, org: EmulatedOrg) -> None:
        self.org = org
        self.url = server.url
        self.base = f"{server.url}/services/data/v{VERSION}"
        self.session = requests.Session()
        self.token = server.world.sessions.open(org, org.admin_id, "test").token
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """`path` below the version, or from the root when it begins with /services."""
        url = self.url + path if path.startswith("/services") else f"{self.base}/{path}"
        return self.session.request(method, url, timeout=10, **options)

    def get(self, path: str, **params: str) -> Any:
        """The JSON of a GET that must succeed."""
        response = self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def query(self, text: str) -> list[dict[str, Any]]:
        """The records of a query."""
        records: list[dict[str, Any]] = self.get("query", q=text)["records"]
        return records

    def count(self, condition: str) -> int:
        """How many records `FROM … WHERE …` finds."""
        return int(self.get("query", q=f"SELECT COUNT() FROM {condition}")["totalSize"])


@pytest.fixture
def world() -> World:
    """A world in which time stands still unless a test advances it."""
    return World(clock=Clock(speed=0), latencies=Latencies(overrides={"bulk": 10}))


@pytest.fixture
def org(world: World) -> EmulatedOrg:
    """A scratch org whose accounts have an external id `Ext__c`."""
    org = world.add_scratch_org("test-data@example.com")
    org.store.add_field("Account", Field("Ext__c", is_external_id=True, is_unique=True))
    return org


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Client]:
    """A client of an org that the tests of a module share: they only read."""
    world = World(clock=Clock(speed=0))
    with EmulatorServer(world) as server:
        found = Client(server, world.add_scratch_org("test-shared@example.com"))
        yield found
        found.session.close()


@pytest.fixture
def client(world: World, org: EmulatedOrg) -> Iterator[Client]:
    """A client with a session in the org."""
    with EmulatorServer(world) as server:
        found = Client(server, org)
        yield found
        found.session.close()

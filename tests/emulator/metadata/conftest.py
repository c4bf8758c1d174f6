"""A small world on a real socket, and a client that speaks to its scratch org by plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from provisioner.emulator.clock import Clock
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World

API = "/services/data/v66.0"
OPTIONS: dict[str, Any] = {"singlePackage": True, "rollbackOnError": True}


@dataclass
class OrgClient:
    """What a client of one scratch org can do, and the world behind it."""

    world: World
    org: EmulatedOrg
    url: str
    http: requests.Session

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """A request with the session of the org's admin."""
        return self.http.request(method, self.url + path, timeout=30, **request)

    def start_deploy(self, zip_bytes: bytes, **options: Any) -> dict[str, Any]:
        """POST a deploy; its answer."""
        sent = json.dumps({"deployOptions": OPTIONS | options})
        files = {
            "json": (None, sent, "application/json"),
            "file": ("deploy.zip", zip_bytes, "application/zip"),
        }
        reply = self.call("POST", f"{API}/metadata/deployRequest", files=files)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def deploy_status(self, deploy_id: str) -> dict[str, Any]:
        """One poll of a deploy."""
        path = f"{API}/metadata/deployRequest/{deploy_id}?includeDetails=true"
        reply = self.call("GET", path)
        assert reply.status_code == 200, reply.text
        return dict(reply.json()["deployResult"])

    def deploy(self, zip_bytes: bytes, **options: Any) -> dict[str, Any]:
        """A deploy and its result."""
        return self.deploy_status(self.start_deploy(zip_bytes, **options)["id"])

    def query(self, soql: str, *, tooling: bool = False) -> list[dict[str, Any]]:
        """The records of a query."""
        path = f"{API}/tooling/query" if tooling else f"{API}/query"
        reply = self.call("GET", path, params={"q": soql})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["records"])

    def create(self, type_name: str, **values: Any) -> requests.Response:
        """Insert one record."""
        return self.call("POST", f"{API}/sobjects/{type_name}", json=values)

    def install(self, version_id: str, **values: Any) -> requests.Response:
        """Insert a PackageInstallRequest."""
        body = {"SubscriberPackageVersionKey": version_id, **values}
        return self.call("POST", f"{API}/tooling/sobjects/PackageInstallRequest", json=body)

    def install_status(self, request_id: str) -> dict[str, Any]:
        """One poll of an install."""
        path = f"{API}/tooling/sobjects/PackageInstallRequest/{request_id}"
        return dict(self.call("GET", path).json())


def failures(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """File, full name and problem of each component failure."""
    found = result["details"]["componentFailures"]
    return [(one["fileName"], one["fullName"], one["problem"]) for one in found]


def successes(result: dict[str, Any]) -> list[str]:
    """The full names of the components that succeeded, manifests left out."""
    found = result["details"]["componentSuccesses"]
    return [one["fullName"] for one in found if one["componentType"]]


def serve(world: World) -> Iterator[OrgClient]:
    """Serve a world with one scratch org, and a client of it."""
    org = world.add_scratch_org("admin@scratch.example")
    with EmulatorServer(world) as server, requests.Session() as http:
        token = world.sessions.open(org, org.admin_id, "tests").token
        http.headers["Authorization"] = f"Bearer {token}"
        yield OrgClient(world, org, server.url, http)


@pytest.fixture
def client() -> Iterator[OrgClient]:
    """A scratch org where nothing takes time."""
    yield from serve(World(latencies=Latencies(instant=True)))


@pytest.fixture
def slow() -> Iterator[OrgClient]:
    """A scratch org whose world stands still until the test lets time pass.

    Each state of a deploy takes 10 seconds, an install 30, each state of a group 100.
    """
    ranges: dict[str, float] = {
        "deploy.Pending": 10,
        "deploy.InProgress": 10,
        "deploy.Finalizing": 10,
        "package_install": 30,
        "permission_set_group.Outdated": 100,
        "permission_set_group.Updating": 100,
    }
    yield from serve(World(clock=Clock(speed=0), latencies=Latencies(overrides=ranges)))

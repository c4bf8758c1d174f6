"""A scratch org to which an administrator deploys External Client Apps, and logins with them."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

import jwt
import pytest
import requests

from provisioner.emulator.clock import Clock
from provisioner.emulator.keys import KeyPair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from tests.emulator.core.conftest import GRANT, key_pair, loaded, other_key_pair
from tests.emulator.external_apps.builders import APP, ECA, GLOBAL, SET, Values, app_zip

__all__ = ["key_pair", "other_key_pair"]

USERNAME = "admin@scratch.example"
DATA = "/services/data/v68.0"
SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="http://soap.sforce.com/2006/04/metadata"><soapenv:Header><SessionHeader><sessionId>'
    "{token}</sessionId></SessionHeader></soapenv:Header><soapenv:Body>{body}</soapenv:Body>"
    "</soapenv:Envelope>"
)


@dataclass
class Org:
    """One org as its administrator uses it, and the key pair of the app."""

    server: EmulatorServer
    org: EmulatedOrg
    keys: KeyPair
    username: str
    http: requests.Session
    given: str = ""  # a session instead of the administrator's own

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def token(self) -> str:
        """A session of the administrator."""
        return self.given or self.world.sessions.open(self.org, self.org.admin_id, "tests").token

    def switch(self, **values: Any) -> None:
        """Set switches of the platform's behaviour."""
        self.world.behavior = replace(self.world.behavior, **values)

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """A request with the administrator's session."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(
            method, f"{self.server.url}{DATA}/{path}", headers=headers, timeout=30, **request
        )

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query."""
        reply = self.call("GET", "query", params={"q": soql})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["records"])

    def deploy(self, zip_bytes: bytes, **options: Any) -> dict[str, Any]:
        """The result of a deploy."""
        sent = {"singlePackage": True, "rollbackOnError": True, **options}
        files = {
            "json": (None, json.dumps({"deployOptions": sent}), "application/json"),
            "file": ("deploy.zip", zip_bytes, "application/zip"),
        }
        started = self.call("POST", "metadata/deployRequest", files=files)
        assert started.status_code == 201, started.text
        path = f"metadata/deployRequest/{started.json()['id']}?includeDetails=true"
        result = self.call("GET", path).json()["deployResult"]
        while not result["done"]:
            result = self.call("GET", path).json()["deployResult"]
        return dict(result)

    def deploy_app(self, changes: Mapping[str, Values] | None = None, **how: Any) -> dict[str, Any]:
        """Deploy the app of the tests."""
        return self.deploy(app_zip(self.keys.certificate, changes, **how))

    def deployed(self, changes: Mapping[str, Values] | None = None, **how: Any) -> str:
        """Deploy the app and give its permission set to the administrator; its consumer key."""
        result = self.deploy_app(changes, **how)
        assert result["status"] == "Succeeded", problems(result)
        self.assign()
        return self.consumer_key()

    def assign(self, name: str = SET) -> None:
        """Give the administrator a permission set, unless they have it."""
        [row] = self.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")
        values = {"AssigneeId": self.user_id(), "PermissionSetId": row["Id"]}
        self.call("POST", "sobjects/PermissionSetAssignment", json=values)

    def user_id(self) -> str:
        return self.world.usernames[self.username][1]

    def app_id(self) -> str:
        """The id of the app's record."""
        [row] = self.query(
            f"SELECT Id FROM ExternalClientApplication WHERE DeveloperName = '{APP}'"
        )
        return str(row["Id"])

    def soap(self, body: str, token: str = "") -> requests.Response:
        """An operation of the Metadata API."""
        text = SOAP.format(token=escape(token or self.token), body=body)
        return self.http.post(
            f"{self.server.url}/services/Soap/m/68.0",
            data=text,
            headers={"Content-Type": "text/xml", "SOAPAction": '""'},
            timeout=30,
        )

    def retrieve(self, kind: str, name: str) -> str:
        """The file of one component, as a retrieve returns it."""
        members = f"<types><members>{name}</members><name>{kind}</name></types>"
        asked = f"<unpackaged>{members}<version>68.0</version></unpackaged>"
        reply = self.soap(
            f"<retrieve><retrieveRequest><apiVersion>68.0</apiVersion>{asked}"
            "</retrieveRequest></retrieve>"
        )
        wanted = value(reply.text, "id")
        inner = f"<asyncProcessId>{wanted}</asyncProcessId>"
        poll = f"<checkRetrieveStatus>{inner}</checkRetrieveStatus>"
        text = self.soap(poll).text
        while value(text, "done") != "true":
            text = self.soap(poll).text
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(value(text, "zipFile")))) as archive:
            names = [one for one in archive.namelist() if not one.endswith("package.xml")]
            return archive.read(names[0]).decode() if names else ""

    def consumer_key(self) -> str:
        """The key that the org has, read by a retrieve."""
        return value(self.retrieve(GLOBAL, f"{APP}_glbl"), "consumerKey")

    def grant(self, consumer_key: str, *, keys: KeyPair | None = None, aud: str = "",
              username: str = "") -> requests.Response:  # fmt: skip
        """The answer of the token endpoint to an assertion."""
        claims = {"iss": consumer_key, "sub": username or self.username}
        claims |= {"aud": aud or self.server.url}
        key = loaded((keys or self.keys).private_key)
        assertion = jwt.encode({**claims, "exp": int(time.time()) + 180}, key, "RS256")
        form = {"grant_type": GRANT, "assertion": assertion}
        return self.http.post(f"{self.server.url}/services/oauth2/token", data=form, timeout=30)

    def refused(self, consumer_key: str, **how: Any) -> tuple[str, str]:
        """Error and description of a refused login."""
        reply = self.grant(consumer_key, **how)
        assert reply.status_code == 400, reply.text
        return reply.json()["error"], reply.json()["error_description"]


def own_name(org: Org) -> dict[str, Values]:
    """The change without which an app that exists cannot be deployed again."""
    return {ECA: {"orgScopedExternalApp": f"{org.org.id}:{APP}"}}


def value(text: str, name: str) -> str:
    """The text of the first element of this name."""
    return text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def problems(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Type and problem of each component that failed."""
    found = result["details"]["componentFailures"]
    return [(one["componentType"], one["problem"]) for one in found]


def served(world: World, keys: KeyPair) -> Iterator[Org]:
    """A world with a scratch org."""
    org = world.add_scratch_org(USERNAME)
    with EmulatorServer(world) as server, requests.Session() as http:
        http.trust_env = False
        yield Org(server, org, keys, USERNAME, http)


@pytest.fixture
def org(key_pair: KeyPair) -> Iterator[Org]:
    """A scratch org where nothing takes time."""
    world = World(clock=Clock(speed=0), latencies=Latencies(instant=True))
    yield from served(world, key_pair)


@pytest.fixture
def hub(key_pair: KeyPair) -> Iterator[Org]:
    """The Dev Hub of a world where nothing takes time."""
    world = World(clock=Clock(speed=0), latencies=Latencies(instant=True))
    for one in served(world, key_pair):
        yield replace(one, org=world.hub, username="hub@acme.example")


def second_org(org: Org, username: str = "second@scratch.example") -> Org:
    """Another scratch org of the same world."""
    return replace(org, org=org.world.add_scratch_org(username), username=username)

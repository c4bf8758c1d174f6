"""A Dev Hub on a real socket, the key of its app, and clients that log in with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioner.emulator.clock import Clock
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEFINITION = {
    "OrgName": "Company",
    "Edition": "Developer",
    "ConnectedAppConsumerKey": DEFAULT_CONSUMER_KEY,
    "ConnectedAppCallbackUrl": "http://localhost:1717/OauthRedirect",
}


class Client:
    """Speaks plain HTTP to one server; `login` as a consumer of orgs does it."""

    def __init__(self, server: EmulatorServer, private_key: str) -> None:
        self.world = server.world
        self.url = server.url
        self.private_key = private_key
        self.http = requests.Session()
        self.http.trust_env = False  # whatever authorities the machine has its own trust
        self.token = ""

    def grant(self, username: str = DEFAULT_HUB_USERNAME, **claims: Any) -> requests.Response:
        """The answer of the token endpoint to an assertion; a claim of None is left out."""
        whole: dict[str, Any] = {"iss": DEFAULT_CONSUMER_KEY, "sub": username, "aud": self.url}
        whole = {**whole, "exp": int(time.time()) + 180, **claims}
        claims = {name: value for name, value in whole.items() if value is not None}
        return self.post_assertion(jwt.encode(claims, loaded(self.private_key), "RS256"))

    def post_assertion(self, assertion: str) -> requests.Response:
        """The answer of the token endpoint to this assertion."""
        form = {"grant_type": GRANT, "assertion": assertion}
        return self.http.post(f"{self.url}/services/oauth2/token", data=form, timeout=30)

    def login(self, username: str = DEFAULT_HUB_USERNAME) -> str:
        """A token for a user; later calls use it."""
        reply = self.grant(username)
        assert reply.status_code == 200, reply.text
        self.token = str(reply.json()["access_token"])
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return self.token

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """`path` below v68.0, or from the root when it begins with a slash."""
        url = self.url + (path if path.startswith("/") else f"/services/data/v68.0/{path}")
        return self.http.request(method, url, timeout=30, **options)

    def create(self, type_name: str, **values: Any) -> str:
        """The id of a new record."""
        reply = self.call("POST", f"sobjects/{type_name}", json=values)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def read(self, type_name: str, record_id: str) -> dict[str, Any]:
        """A record."""
        reply = self.call("GET", f"sobjects/{type_name}/{record_id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query."""
        reply = self.call("GET", "query", params={"q": soql})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["records"])

    def sign_up(self, **values: Any) -> dict[str, Any]:
        """The record of a sign-up, polled until it is over."""
        request = self.create("ScratchOrgInfo", **{**DEFINITION, **values})
        record = self.read("ScratchOrgInfo", request)
        while record["Status"] not in ("Active", "Error"):
            self.world.clock.advance(300)
            record = self.read("ScratchOrgInfo", request)
        return record

    def refusal(self, reply: requests.Response) -> tuple[int, str, str]:
        """Status, code and message of an error: of the one in a list, or of an OAuth error."""
        body = reply.json()
        if isinstance(body, dict):
            return reply.status_code, body["error"], body["error_description"]
        assert len(body) == 1
        return reply.status_code, body[0]["errorCode"], body[0]["message"]


@cache
def loaded(private_key: str) -> RSAPrivateKey:
    """A key, read once: reading one takes a hundred times as long as signing."""
    key = load_pem_private_key(private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key


@pytest.fixture(scope="session")
def key_pair() -> KeyPair:
    """The key and certificate of the hub's app."""
    return make_key_pair()


@pytest.fixture(scope="session")
def other_key_pair() -> KeyPair:
    """A key that no app knows."""
    return make_key_pair()


@pytest.fixture
def world(key_pair: KeyPair) -> World:
    """A world in which time stands still unless a test lets it pass."""
    return World(certificate=key_pair.certificate, clock=Clock(speed=0))


@pytest.fixture
def server(world: World) -> Iterator[EmulatorServer]:
    """The world on a socket."""
    with EmulatorServer(world) as running:
        yield running


@pytest.fixture
def new_client(server: EmulatorServer, key_pair: KeyPair) -> Iterator[Callable[[], Client]]:
    """Makes clients that are nobody yet."""
    made: list[Client] = []

    def make() -> Client:
        made.append(Client(server, key_pair.private_key))
        return made[-1]

    yield make
    for client in made:
        client.http.close()


@pytest.fixture
def client(new_client: Callable[[], Client]) -> Client:
    """A client that is nobody yet."""
    return new_client()


@pytest.fixture
def hub(new_client: Callable[[], Client]) -> Client:
    """A client logged in to the Dev Hub."""
    found = new_client()
    found.login()
    return found


@pytest.fixture
def scratch(hub: Client, new_client: Callable[[], Client]) -> Client:
    """A client logged in to a scratch org that the Dev Hub has just made."""
    record = hub.sign_up()
    found = new_client()
    found.login(record["SignupUsername"])
    return found


@pytest.fixture
def latencies() -> Latencies:
    """The latencies of a world as it comes."""
    return Latencies()

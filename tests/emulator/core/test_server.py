"""The server itself: kept-alive connections, all forms of bodies, TLS, start and stop."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from provisioner.emulator.keys import KeyPair
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.tls import Tls, make_tls
from provisioner.emulator.world import World
from tests.emulator.core.conftest import Client

VERSIONS = "/services/data"


def test_a_connection_serves_many_requests(hub: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(hub.url.rpartition(":")[2]))
    connection.connect()
    own = connection.sock
    for _ in range(3):
        connection.request("GET", VERSIONS)
        reply = connection.getresponse()
        assert reply.status == 200
        assert json.loads(reply.read())[-1] == {
            "label": "Winter '27",
            "url": "/services/data/v68.0",
            "version": "68.0",
        }
    assert connection.sock is own
    connection.close()


def test_versions_are_listed_without_a_session(client: Client) -> None:
    versions = [one["version"] for one in client.call("GET", VERSIONS + "/").json()]
    assert versions[0] == "31.0"
    assert "51.0" in versions
    assert len(versions) == 38


def test_a_head_has_no_body(hub: Client) -> None:
    reply = hub.call("HEAD", "limits")
    assert (reply.status_code, reply.content) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 100
    assert hub.call("GET", "limits").status_code == 200


def test_bodies_come_in_chunks_and_packed(hub: Client) -> None:
    body = json.dumps({"Name": "Acme"}).encode()
    chunked = hub.call("POST", "sobjects/Account", data=iter([body[:5], body[5:]]))
    assert chunked.status_code == 201
    packed = hub.call(
        "POST",
        "sobjects/Account",
        data=gzip.compress(body),
        headers={"Content-Encoding": "gzip"},
    )
    assert packed.status_code == 201


def test_long_answers_are_packed_for_who_takes_them(hub: Client) -> None:
    path = "sobjects/Account/describe"
    plain = hub.call("GET", path, headers={"Accept-Encoding": "identity"})
    packed = hub.call("GET", path)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_addresses_are_given_as_the_client_spelled_them(client: Client) -> None:
    local = client.url.replace("127.0.0.1", "localhost")
    reply = requests.post(
        f"{local}/services/oauth2/token",
        data={"grant_type": "x"},
        timeout=30,
    )
    assert reply.status_code == 400
    client.url = local
    assert client.grant().json()["instance_url"] == local
    client.http.headers["Host"] = "login.salesforce.com"
    reply = client.grant(aud="https://login.salesforce.com")
    assert reply.json()["instance_url"] == client.world.url


def test_a_broken_request_line_breaks_nothing(hub: Client) -> None:
    port = int(hub.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        assert b"400" in raw.recv(1000)
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"POST /services/oauth2/token HTTP/1.1\r\nContent-Length: 100\r\n\r\nx")
    assert hub.call("GET", "limits").status_code == 200


def test_a_body_that_only_claims_to_be_packed_is_refused(hub: Client) -> None:
    headers = {"Content-Encoding": "gzip"}
    reply = hub.call("POST", "sobjects/Account", data=b"{}", headers=headers)
    assert hub.refusal(reply)[:2] == (400, "JSON_PARSER_ERROR")


def test_a_client_that_asks_first_may_continue(hub: Client) -> None:
    port = int(hub.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(
            b"POST /services/oauth2/token HTTP/1.1\r\nExpect: 100-continue\r\n"
            b"Content-Length: 2\r\n\r\n"
        )
        assert raw.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        raw.sendall(b"{}")
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_world_continues_in_a_server_started_anew(key_pair: KeyPair) -> None:
    world = World(certificate=key_pair.certificate)
    with EmulatorServer(world) as server:
        client = Client(server, key_pair.private_key)
        client.login()
        account = client.create("Account", Name="kept")
    with EmulatorServer(world, port=server.port):
        assert client.read("Account", account)["Name"] == "kept"
        client.http.close()


def test_two_worlds_side_by_side(key_pair: KeyPair) -> None:
    worlds = [World(certificate=key_pair.certificate) for _ in range(2)]
    with EmulatorServer(worlds[0]) as first, EmulatorServer(worlds[1]) as second:
        clients = [Client(one, key_pair.private_key) for one in (first, second)]
        for client in clients:
            client.login()
        clients[0].create("Account", Name="here")
        assert clients[1].query("SELECT Id FROM Account") == []
        for client in clients:
            client.http.close()


def test_stopping_ends_connections_and_requests_that_wait(key_pair: KeyPair) -> None:
    world = World(certificate=key_pair.certificate)
    world.faults.add({"when": {"route": "limits"}, "then": {"do": "hold"}})
    server = EmulatorServer(world).start()
    client = Client(server, key_pair.private_key)
    client.login()
    failures: list[Exception] = []

    def wait() -> None:
        try:
            client.call("GET", "limits")
        except requests.ConnectionError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert world.holds.current(wait=20)
    server.stop()
    thread.join(20)
    assert len(failures) <= 1  # cut off, or answered just before
    with pytest.raises(requests.ConnectionError):
        client.grant()
    client.http.close()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(world: World, tls: Tls, key_pair: KeyPair) -> Iterator[Client]:
    with EmulatorServer(world, tls=tls.context) as server:
        client = Client(server, key_pair.private_key)
        client.http.verify = str(tls.ca)
        yield client
        client.http.close()


def test_https_is_trusted_by_who_trusts_the_authority(secure: Client, tls: Tls) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    secure.login()
    for host in ("127.0.0.1", "localhost"):
        url = secure.url.replace("127.0.0.1", host) + VERSIONS
        assert secure.http.get(url, timeout=30).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url + VERSIONS, timeout=30)
    assert Path(tls.ca).parent.joinpath("tls.key").stat().st_mode & 0o077 == 0


def test_the_authority_passes_strict_verification(secure: Client, tls: Tls) -> None:
    context = ssl.create_default_context(cafile=str(tls.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = int(secure.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as wrapped,
    ):
        assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_a_secure_connection_is_reset_too(secure: Client) -> None:
    """Python's TLS takes the RST, which was sent, for an end of the stream."""
    secure.login()
    secure.world.faults.add({"when": {"route": "limits"}, "then": {"do": "reset"}})
    with pytest.raises(requests.ConnectionError, match=r"reset by peer|without response"):
        secure.call("GET", "limits")
    assert secure.call("GET", "limits").status_code == 200


def test_plain_http_to_the_secure_port_harms_nobody(secure: Client) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(secure.url.replace("https", "http") + VERSIONS, timeout=30)
    assert secure.grant().status_code == 200

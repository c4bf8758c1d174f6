"""The ledger's own HTTP: kept connections, certificates of a private CA, proxies."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioner.salesforce.plain_http import Connections
from tests.certificate import self_signed
from tests.salesforce.world import private_key

HOST = "hub.invalid"


class Handler(BaseHTTPRequestHandler):
    """Says who called, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.client_address[1], body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.close_connection = self.server.hangs_up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing on stderr."""


class Server(ThreadingHTTPServer):
    """Remembers from which port each request came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[int, bytes]] = []
        self.hangs_up = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    """Serve until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with running(made):
        yield made


@pytest.fixture
def connections() -> Iterator[Connections]:
    with closing(Connections(timeout=10)) as made:
        yield made


def make_tls(server: Server, folder: Path) -> Path:
    """Let the server speak TLS as HOST; the file of the authority that vouches for it."""
    key = private_key()
    certificate = self_signed(key, HOST, x509.DNSName(HOST))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ca, both = folder / "ca.pem", folder / "both.pem"
    ca.write_bytes(certificate.public_bytes(Encoding.PEM))
    both.write_bytes(ca.read_bytes() + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return ca


class Proxy(socketserver.ThreadingTCPServer):
    """Takes CONNECT to anywhere, and connects to one server."""

    daemon_threads = True

    def __init__(self, target: Server) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.target = target
        self.heads: list[str] = []


class Tunnel(socketserver.StreamRequestHandler):
    """One tunnel."""

    server: Proxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        self.server.heads.append(head.decode())
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(self.server.target.server_address) as onwards:  # type: ignore[arg-type]
            there = threading.Thread(target=self._pass, args=(self.connection, onwards))
            there.start()
            self._pass(onwards, self.connection)
            there.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


def test_requests_after_each_other_use_one_connection(
    server: Server, connections: Connections
) -> None:
    for number in range(3):
        reply = connections.send("POST", f"http://{server.address}/a?b=c", {}, str(number).encode())
        assert (reply.status, reply.body) == (200, b"ok")
    assert [body for _, body in server.seen] == [b"0", b"1", b"2"]
    assert len({port for port, _ in server.seen}) == 1


def test_threads_never_share_a_connection(server: Server, connections: Connections) -> None:
    barrier = threading.Barrier(4)

    def send() -> None:
        barrier.wait()
        connections.send("POST", f"http://{server.address}/", {}, b"x")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 4


def test_a_connection_that_the_server_has_ended_is_an_error_once(
    server: Server, connections: Connections
) -> None:
    """Whoever sends knows what may be sent again; here nothing is."""
    url = f"http://{server.address}/"
    server.hangs_up = True
    connections.send("POST", url, {}, b"1")
    with pytest.raises(ConnectionError):
        connections.send("POST", url, {}, b"2")
    connections.send("POST", url, {}, b"3")
    assert [body for _, body in server.seen] == [b"1", b"3"]


def test_an_unreachable_host_is_an_os_error(connections: Connections) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        connections.send("POST", f"http://127.0.0.1:{port}/", {}, b"")


@pytest.mark.parametrize("credentials", ["", "user:pass%40word@"])
def test_a_proxy_of_the_environment_gets_a_tunnel_and_nothing_of_what_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    server = Server()
    monkeypatch.setenv("SSL_CERT_FILE", str(make_tls(server, tmp_path)))
    proxy = Proxy(server)
    monkeypatch.setenv("https_proxy", f"http://{credentials}127.0.0.1:{proxy.server_address[1]}")
    with running(server), running(proxy), closing(Connections(timeout=10)) as connections:
        for _ in range(2):
            headers = {"Authorization": "Bearer secret"}
            reply = connections.send("POST", f"https://{HOST}/x", headers, b"secret")
            assert reply.status == 200
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT {HOST}:443 ")
    assert ("Proxy-Authorization: Basic dXNlcjpwYXNzQHdvcmQ=" in proxy.heads[0]) is bool(
        credentials
    )
    assert "secret" not in proxy.heads[0]


def test_no_proxy_names_hosts_that_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", HOST)
    with closing(Connections(timeout=10)) as connections, pytest.raises(socket.gaierror):
        connections.send("POST", f"https://{HOST}/", {}, b"")


def test_a_host_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    make_tls(server, tmp_path)
    url = f"https://{server.address}/"
    with (
        running(server),
        closing(Connections(timeout=10)) as connections,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        connections.send("POST", url, {}, b"secret")
    assert server.seen == []

"""The HTTP client: pooled connections and their bound, certificates of a private CA, proxies."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioner.salesforce.connection_pool import ConnectionPool
from provisioner.salesforce.http_client import HttpClient, NotConnectedError
from provisioner.salesforce.reply import Reply
from tests.certificate import self_signed
from tests.salesforce.hostile import HEAD, HostileServer, Peer
from tests.salesforce.world import private_key

HOST = "hub.invalid"


class Handler(BaseHTTPRequestHandler):
    """Says who called, and keeps the connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.targets.append(self.path)
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

    def __init__(self, has_hung_up: threading.Semaphore | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[int, bytes]] = []
        self.targets: list[str] = []
        self.hangs_up = False
        self.has_hung_up = has_hung_up or threading.Semaphore(0)  # released at each end

    def shutdown_request(self, request: Any) -> None:
        """The end of a connection, by either side."""
        super().shutdown_request(request)
        self.has_hung_up.release()

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
def client() -> Iterator[HttpClient]:
    with closing(HttpClient(timeout=10)) as made:
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


def test_requests_after_each_other_use_one_connection(server: Server, client: HttpClient) -> None:
    for number in range(3):
        reply = client.send("POST", f"http://{server.address}/a?b=c", {}, str(number).encode())
        assert (reply.status, reply.body) == (200, b"ok")
    assert [body for _, body in server.seen] == [b"0", b"1", b"2"]
    assert len({port for port, _ in server.seen}) == 1


def test_requests_are_counted_and_their_answers_reported(server: Server) -> None:
    answers: list[Reply] = []
    with closing(HttpClient(timeout=10, on_answer=answers.append)) as client:
        for number in (1, 2):
            reply = client.send("POST", f"http://{server.address}/", {}, b"x")
            assert client.sent == len(answers) == number
            assert answers[-1] is reply


def test_a_request_that_may_not_be_sent_any_more_does_not_reach_the_server(server: Server) -> None:
    permissions: list[Exception | None] = [None, TimeoutError("the lock is lost"), None]

    def ask() -> None:
        if (refusal := permissions.pop(0)) is not None:
            raise refusal

    with closing(HttpClient(timeout=10, before_sending=ask)) as client:
        client.send("POST", f"http://{server.address}/", {}, b"1")
        with pytest.raises(TimeoutError, match="the lock is lost"):
            client.send("POST", f"http://{server.address}/", {}, b"2")
        client.send("POST", f"http://{server.address}/", {}, b"3")
    assert [body for _, body in server.seen] == [b"1", b"3"]


def test_a_path_is_sent_for_an_address_without_one(server: Server, client: HttpClient) -> None:
    client.send("POST", f"http://{server.address}", {}, b"")
    assert server.targets == ["/"]


def test_a_host_that_does_not_finish_the_handshake_is_given_up_with_nothing_sent() -> None:
    def waits(peer: Peer) -> None:
        peer.server.over.wait(5)

    with (
        HostileServer(waits, is_reading=False) as server,
        closing(HttpClient(connect_timeout=0.1)) as client,
        pytest.raises(NotConnectedError) as caught,
    ):
        client.send("POST", server.url.replace("http:", "https:"), {}, b"secret")
    assert isinstance(caught.value.__cause__, TimeoutError)


def test_threads_never_share_a_connection(server: Server, client: HttpClient) -> None:
    barrier = threading.Barrier(4)

    def send() -> None:
        barrier.wait()
        client.send("POST", f"http://{server.address}/", {}, b"x")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 4


def test_a_connection_that_the_server_has_closed_is_not_used(
    server: Server, client: HttpClient
) -> None:
    """Nothing has left when that is seen, so that a new connection does no harm."""
    url = f"http://{server.address}/"
    server.hangs_up = True
    for body in (b"1", b"2", b"3"):
        client.send("POST", url, {}, body)
        assert server.has_hung_up.acquire(timeout=30)
    assert [body for _, body in server.seen] == [b"1", b"2", b"3"]
    assert len({port for port, _ in server.seen}) == 3


def test_a_request_that_is_lost_on_a_pooled_connection_is_sent_once() -> None:
    """A server that closes instead of answering may have acted; who sends decides, not this."""

    def answer_once(peer: Peer) -> None:
        if len(peer.server.seen) == 1:
            peer.send(HEAD + b"Content-Length: 0\r\n\r\n")
        else:
            peer.close()

    with HostileServer(answer_once) as server, closing(HttpClient(timeout=10)) as client:
        client.send("POST", server.url, {}, b"1")
        with pytest.raises(ConnectionError):
            client.send("POST", server.url, {}, b"2")
        assert (len(server.seen), server.accepted) == (2, 1)


def test_idle_connections_have_a_bound_over_all_hosts_and_threads() -> None:
    """The one that was idle longest makes room; what is in use does not count."""
    with contextlib.ExitStack() as stack:
        servers = [Server() for _ in range(4)]
        for each in servers:
            stack.enter_context(running(each))
        client = stack.enter_context(closing(HttpClient(timeout=10, most_idle=3)))
        for each in servers:
            client.send("POST", f"http://{each.address}/", {}, b"first")
        assert servers[0].has_hung_up.acquire(timeout=30), "the first was closed"
        for each in reversed(servers):
            client.send("POST", f"http://{each.address}/", {}, b"second")
        ports = [len({port for port, _ in each.seen}) for each in servers]
        assert ports == [2, 1, 1, 1]


def test_many_hosts_and_threads_leave_no_more_idle_connections_than_the_bound() -> None:
    hung_up = threading.Semaphore(0)
    with contextlib.ExitStack() as stack:
        servers = [Server(hung_up) for _ in range(8)]
        for each in servers:
            stack.enter_context(running(each))
        client = stack.enter_context(closing(HttpClient(timeout=30, most_idle=10)))

        def send(number: int) -> int:
            url = f"http://{servers[number % 8].address}/"
            return client.send("POST", url, {}, b"x").status

        with ThreadPoolExecutor(32) as threads:
            assert set(threads.map(send, range(640))) == {200}
        opened = sum(len({port for port, _ in each.seen}) for each in servers)
        for _ in range(opened - 10):
            assert hung_up.acquire(timeout=30)


def test_an_unreachable_host_is_one_that_nothing_was_sent_to(client: HttpClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotConnectedError) as caught:
        client.send("POST", f"http://127.0.0.1:{port}/", {}, b"")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_what_may_not_be_in_a_request_line_is_quoted(server: Server, client: HttpClient) -> None:
    """An address may come out of an answer, such as the link to the next page."""
    client.send("POST", f"http://{server.address}/a b\r\nX: y/é?q=%20+&x#fragment", {}, b"")
    assert server.targets == ["/a%20b%0D%0AX:%20y/%C3%A9?q=%20+&x"]


@pytest.mark.parametrize("credentials", ["", "user:pass%40word@"])
def test_a_proxy_of_the_environment_gets_a_tunnel_and_nothing_of_what_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    server = Server()
    monkeypatch.setenv("SSL_CERT_FILE", str(make_tls(server, tmp_path)))
    proxy = Proxy(server)
    monkeypatch.setenv("https_proxy", f"http://{credentials}127.0.0.1:{proxy.server_address[1]}")
    with running(server), running(proxy), closing(HttpClient(timeout=10)) as client:
        for _ in range(2):
            headers = {"Authorization": "Bearer secret"}
            reply = client.send("POST", f"https://{HOST}/x", headers, b"secret")
            assert reply.status == 200
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT {HOST}:443 ")
    assert ("Proxy-Authorization: Basic dXNlcjpwYXNzQHdvcmQ=" in proxy.heads[0]) is bool(
        credentials
    )
    assert "secret" not in proxy.heads[0]


def test_the_tunnel_of_a_proxy_leads_to_the_port_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    monkeypatch.setenv("SSL_CERT_FILE", str(make_tls(server, tmp_path)))
    proxy = Proxy(server)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    with running(server), running(proxy), closing(HttpClient(timeout=10)) as client:
        assert client.send("POST", f"https://{HOST}:8443/x", {}, b"").status == 200
    assert proxy.heads[0].startswith(f"CONNECT {HOST}:8443 ")


def test_no_proxy_names_hosts_that_are_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", HOST)
    with closing(HttpClient(timeout=10)) as client, pytest.raises(NotConnectedError) as caught:
        client.send("POST", f"https://{HOST}/", {}, b"")
    assert isinstance(caught.value.__cause__, socket.gaierror)


def test_a_proxy_over_tls_is_refused_in_words(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "https://127.0.0.1:9")
    with pytest.raises(NotConnectedError, match="the scheme of the proxy must be http, not https"):
        client.send("POST", f"https://{HOST}/", {}, b"")


def test_a_host_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    make_tls(server, tmp_path)
    url = f"https://{server.address}/"
    with (
        running(server),
        closing(HttpClient(timeout=10)) as client,
        pytest.raises(NotConnectedError) as caught,
    ):
        client.send("POST", url, {}, b"secret")
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert server.seen == []


def test_a_pooled_connection_whose_socket_cannot_be_asked_is_not_used(server: Server) -> None:
    connection = HTTPConnection(server.address)
    connection.connect()
    pool = ConnectionPool()
    pool.put("origin", connection)
    assert pool.take("origin") is connection
    pool.put("origin", connection)
    connection.sock.close()
    assert pool.take("origin") is None
    connection.close()

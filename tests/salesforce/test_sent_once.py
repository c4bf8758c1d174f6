"""A request that a server has read is sent once, in whatever way the connection breaks after it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from provisioner.emulator.tls import Tls, make_tls
from provisioner.errors import ErrorKind, SalesforceError
from provisioner.retry import CALL
from provisioner.salesforce.apex import LONGEST_URL, execute_anonymous
from provisioner.salesforce.api_errors import NO_ANSWER, NOT_SENT
from provisioner.salesforce.definition import SignUp
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.hub import DevHub
from provisioner.salesforce.metadata import start_deploy
from provisioner.salesforce.org import OrgClient
from provisioner.salesforce.packages import InstallRequest, request_install
from provisioner.salesforce.permission_sets import assign
from provisioner.salesforce.post import post_form
from provisioner.salesforce.records import insert_tree
from provisioner.salesforce.transport import Transport
from tests.salesforce.hostile import HEAD, HostileServer, Peer
from tests.salesforce.test_org import scripted_at

GARBAGE = b"\x17\x03\x03\x00\x10" + b"no record of ours"[:16]
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal: handshake failure
PLAIN = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def then(*steps: Callable[[Peer], None]) -> Callable[[Peer], None]:
    return lambda peer: [step(peer) for step in steps].clear()


def sends(content: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send(content)


def sends_beneath(content: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.send_beneath(content)


HALF_A_HEAD = sends(HEAD[:20])
HALF_A_BODY = sends(HEAD + b'Content-Length: 200\r\n\r\n{"id": ')
HALF_A_CHUNK = sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n40\r\n{")

BREAKS: dict[str, Callable[[Peer], None]] = {
    "closed": Peer.close,
    "reset": Peer.reset,
    "garbage for a record": then(sends_beneath(GARBAGE), Peer.close),
    "an alert": then(sends_beneath(ALERT), Peer.close),
    "an answer without TLS": then(sends_beneath(PLAIN), Peer.close),
    "half a head, then closed": then(HALF_A_HEAD, Peer.close),
    "half a head, then reset": then(HALF_A_HEAD, Peer.reset),
    "half a head, then garbage": then(HALF_A_HEAD, sends_beneath(GARBAGE), Peer.close),
    "half a body, then closed": then(HALF_A_BODY, Peer.close),
    "half a body, then reset": then(HALF_A_BODY, Peer.reset),
    "half a body, then garbage": then(HALF_A_BODY, sends_beneath(GARBAGE), Peer.close),
    "half a body, then an alert": then(HALF_A_BODY, sends_beneath(ALERT), Peer.close),
    "half a chunk, then closed": then(HALF_A_CHUNK, Peer.close),
    "no packed body": then(sends(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")),
}

SIGN_UP = SignUp(
    definition={"edition": "Developer"}, username="u@x.y", consumer_key="key", duration_days=1
)
CALLS: dict[str, Callable[[OrgClient], Any]] = {
    "a sign-up": lambda org: DevHub(org).sign_up(SIGN_UP),
    "a script": lambda org: execute_anonymous(org, "x();"),
    "a long script": lambda org: execute_anonymous(org, "x();" * LONGEST_URL),
    "a tree of records": lambda org: insert_tree(org, "Account", [{"Name": "x"}]),
    "an install": lambda org: request_install(org, InstallRequest("04t000000000001AAA")),
    "a deploy": lambda org: start_deploy(org, deploy_body(b"zip")),
    "assignments": lambda org: assign(org, "005000000000001AAA", ["0PS000000000001AAA"]),
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def context(tls: Tls, monkeypatch: pytest.MonkeyPatch, request: Any) -> ssl.SSLContext:
    """That of a server, whose authority the clients trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = made.maximum_version = request.param
    made.load_cert_chain(tls.ca.with_name("tls.crt"), tls.ca.with_name("tls.key"))
    return made


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", CALLS)
def test_what_a_build_asks_for_arrives_once(
    name: str, how: str, context: ssl.SSLContext, transport: Transport
) -> None:
    with HostileServer(BREAKS[how], context) as server:
        with pytest.raises(SalesforceError) as caught:
            CALLS[name](scripted_at(server.url, transport))
        assert len(server.seen) == 1
    assert (caught.value.kind, caught.value.error_code) == (ErrorKind.TRANSIENT, NO_ANSWER)


@pytest.mark.parametrize("how", BREAKS)
def test_a_write_of_the_ledger_on_a_dev_hub_arrives_once(how: str, context: ssl.SSLContext) -> None:
    """Whether it is repeated is for the ledger to decide, whose keys tell if it was carried out."""
    with HostileServer(BREAKS[how], context) as server, closing(HttpClient()) as client:
        with pytest.raises(OSError):  # noqa: PT011 - any kind of it
            client.send("POST", f"{server.url}/composite", {}, b"{}")
        assert len(server.seen) == 1


@pytest.mark.parametrize("how", BREAKS)
def test_a_login_is_asked_for_as_often_as_it_says(
    how: str, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grant may be asked for twice; only not without end."""
    monkeypatch.setattr("provisioner.retry.sleep", lambda _: None)
    with HostileServer(BREAKS[how], context) as server:
        with pytest.raises(OSError):  # noqa: PT011 - any kind of it
            post_form(f"{server.url}/services/oauth2/token", {"assertion": "x"})
        assert 1 <= len(server.seen) <= CALL.tries


@pytest.mark.parametrize("content", [b"", GARBAGE, ALERT, PLAIN], ids=["none", "g", "a", "p"])
def test_a_post_is_tried_again_when_the_handshake_failed(
    content: bytes, transport: Transport
) -> None:
    """Nothing has left before it: to send again does no harm."""

    def break_handshake(peer: Peer) -> None:
        peer.send_beneath(content)
        peer.close()

    with HostileServer(break_handshake, is_reading=False) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(SalesforceError) as caught:
            CALLS["a tree of records"](scripted_at(url, transport))
        assert server.accepted == CALL.tries
    assert (caught.value.kind, caught.value.error_code) == (ErrorKind.TRANSIENT, NOT_SENT)
    assert "not sent: " in caught.value.message


@pytest.mark.parametrize("head", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 502 Oh\r\n\r\n"])
def test_a_proxy_that_lets_nothing_through_is_reported(
    head: bytes, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileServer(then(sends(head), Peer.close)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(SalesforceError) as caught:
            CALLS["a tree of records"](scripted_at("https://acme.invalid", transport))
        assert {seen.partition(b" ")[0] for seen in proxy.seen} == {b"CONNECT"}
    status = head[9:].decode().strip()
    assert f"not sent: proxy: Tunnel connection failed: {status}" in caught.value.message
    assert caught.value.error_code == NOT_SENT

"""Every call ends, in time and in bounded memory, whatever the server does: in all HTTP clients."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache

import pytest

from provisioner.errors import SalesforceError
from provisioner.salesforce.api_errors import TIMED_OUT
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.network_errors import network_reason
from provisioner.salesforce.post import get_with_token, post_form
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport
from tests.salesforce.hostile import HEAD, HostileServer, Peer
from tests.salesforce.test_session import grant

SILENCE = 20.0  # seconds that a connection may be silent: longer than any call here takes
MEGABYTE = 1024 * 1024

Ask = Callable[[str, Limits, bytes], bytes]


def by_a_build(url: str, limits: Limits, body: bytes = b"") -> bytes:
    """Through a session; an OSError as the others'."""
    with Transport(time_scale=0.001, timeout=(5.0, SILENCE), limits=limits) as transport:
        session = OrgSession(transport, "org", "me", grant(url), lambda: grant(url))
        try:
            return session.request("POST", f"{url}/services/data", data=body).body
        except SalesforceError as error:
            raise OSError(f"{error.kind}: {error.message}") from error


def by_a_login(url: str, limits: Limits, body: bytes = b"") -> bytes:
    return post_form(url, {"assertion": body.decode()}, SILENCE, limits).body


def by_a_query_after_a_login(url: str, limits: Limits, body: bytes = b"") -> bytes:
    assert not body
    return get_with_token(url, "token", SILENCE, limits).body


def by_the_ledger_on_a_dev_hub(url: str, limits: Limits, body: bytes = b"") -> bytes:
    with closing(HttpClient(SILENCE, limits)) as connections:
        return connections.send("POST", url, {}, body).body


CLIENTS: list[Ask] = [
    by_a_build,
    by_a_login,
    by_a_query_after_a_login,
    by_the_ledger_on_a_dev_hub,
]


@pytest.fixture(params=CLIENTS, ids=lambda ask: ask.__name__)
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setattr("provisioner.retry.sleep", lambda _: None)
    made: Ask = request.param
    return made


def bytewise(content: bytes) -> Callable[[Peer], None]:
    """One byte at a time, for far longer than the call may take."""
    return lambda peer: peer.send_all((bytes([byte]) for byte in content), pause=0.01)


def for_ever(start: bytes, piece: bytes, pause: float = 0.0) -> Callable[[Peer], None]:
    """The same again and again, until the client has had enough."""
    return lambda peer: peer.send_all(itertools.chain([start], itertools.repeat(piece)), pause)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MUCH = b" " * 2000

SLOW: dict[str, Callable[[Peer], None]] = {
    "a head": bytewise(HEAD + b"X-Long: " + MUCH + b"\r\nContent-Length: 0\r\n\r\n"),
    "a status line": bytewise(b"HTTP/1.1 200 " + MUCH + b"\r\nContent-Length: 0\r\n\r\n"),
    "a body": bytewise(HEAD + b"Content-Length: 2000\r\n\r\n" + MUCH),
    "a body without a length": bytewise(HEAD + b"Connection: close\r\n\r\n" + MUCH),
    "a body in chunks": bytewise(CHUNKED + b"1\r\n \r\n" * 400 + b"0\r\n\r\n"),
    "the size of a chunk": bytewise(CHUNKED + b"1;" + MUCH + b"\r\n \r\n0\r\n\r\n"),
    "what comes after the chunks": bytewise(CHUNKED + b"0\r\nX: " + MUCH + b"\r\n\r\n"),
    "interim answers": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01),
}


@pytest.mark.parametrize("name", SLOW)
def test_an_answer_that_trickles_is_given_up_at_the_deadline(name: str, ask: Ask) -> None:
    with HostileServer(SLOW[name]) as server:
        with pytest.raises(OSError) as caught:  # noqa: PT011 - whatever kind: the words count
            ask(server.url, Limits(answer=0.2), b"")
        assert len(server.seen) == 1, "it is not asked for again at once"
    says = str(caught.value)
    assert "no answer in time" in says or network_reason(caught.value) == "timed out"


def test_a_deadline_that_has_passed_leaves_the_outcome_open() -> None:
    """The server may be acting still: such a request is never repeated at once."""
    with HostileServer(SLOW["a body"]) as server, pytest.raises(OSError, match="in time") as caught:
        by_a_build(server.url, Limits(answer=0.2))
    assert str(caught.value).startswith("transient: ")
    assert isinstance(caught.value.__cause__, SalesforceError)
    assert caught.value.__cause__.error_code == TIMED_OUT


@pytest.mark.parametrize("ask", [by_a_build, by_a_login, by_the_ledger_on_a_dev_hub])
def test_a_request_that_nobody_takes_is_given_up_at_the_deadline(ask: Ask) -> None:
    """The server takes it so slowly that this would be seconds, and then answers."""
    much = b"x" * 20 * MEGABYTE

    def takes_a_little(peer: Peer) -> None:
        left = len(much)
        while left > 0 and not peer.server.over.wait(0.01):
            left -= len(peer.connection.recv(65_536)) or left
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    with (
        HostileServer(takes_a_little, is_reading=False) as server,
        pytest.raises(OSError, match="time"),
    ):
        ask(server.url, Limits(sending=0.2), much)


@cache
def bomb(*, is_gzip: bool) -> bytes:
    """2 GB of spaces, packed."""
    packer = zlib.compressobj(9, wbits=31 if is_gzip else 15)
    block = b" " * MEGABYTE
    packed = b"".join(packer.compress(block) for _ in range(64)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed + again * 2000


def packed(encoding: bytes, body: bytes) -> Callable[[Peer], None]:
    head = HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    return lambda peer: peer.send_all(iter([head + body]))


def bombing(encoding: bytes) -> Callable[[Peer], None]:
    """Sends a bomb, which is made only when a test needs it."""
    return lambda peer: packed(encoding, bomb(is_gzip=encoding == b"gzip"))(peer)


BLOCK = b" " * 65_536
LARGE: dict[str, Callable[[Peer], None]] = {
    "10 GB": for_ever(HEAD + b"Content-Length: 10000000000\r\n\r\n", BLOCK),
    "without an end": for_ever(HEAD + b"Connection: close\r\n\r\n", BLOCK),
    "chunks without an end": for_ever(CHUNKED, b"10000\r\n" + BLOCK + b"\r\n"),
    "one chunk without an end": for_ever(CHUNKED + b"fffffffffff\r\n", BLOCK),
    "a gzip bomb": bombing(b"gzip"),
    "a deflate bomb": bombing(b"deflate"),
}


@contextmanager
def measured() -> Iterator[list[int]]:
    """The most memory, in bytes, that Python has taken meanwhile."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
    finally:
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


@pytest.mark.parametrize("name", LARGE)
def test_an_answer_that_is_too_large_is_an_error_and_not_in_memory(name: str, ask: Ask) -> None:
    with HostileServer(LARGE[name]) as server:
        with pytest.raises(OSError) as caught, measured() as peak:  # noqa: PT011 - the words count
            ask(server.url, Limits(size=4 * MEGABYTE), b"")
        tries = len(server.seen)
    says = f"{caught.value} {network_reason(caught.value)}"
    assert "the answer is larger than 4 MB" in says
    assert max(peak) < 20 * MEGABYTE
    assert server.sent < tries * 20 * MEGABYTE


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 " + b"x" * 100_000,
        HEAD + b"X: " + b"x" * 100_000,
        HEAD + b"X: x\r\n" * 100_000,
    ],
    ids=["a long status line", "a long line", "many lines"],
)
def test_a_head_that_is_too_large_is_an_error(head: bytes, ask: Ask) -> None:
    with HostileServer(for_ever(head, b"")) as server, pytest.raises(OSError):  # noqa: PT011
        ask(server.url, Limits(answer=20.0), b"")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        (b"br", b"{}"),
        (b"gzip", b"{}"),
        (b"gzip", gzip.compress(b"{}" * 1000)[:-9]),
    ],
    ids=["twice", "unknown", "not packed", "cut off"],
)
def test_a_body_that_cannot_be_unpacked_is_a_lost_answer(
    encoding: bytes, body: bytes, ask: Ask
) -> None:
    with HostileServer(packed(encoding, body)) as server, pytest.raises(OSError):  # noqa: PT011
        ask(server.url, Limits(), b"")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [(b"gzip", gzip.compress(b"{}")), (b"deflate", zlib.compress(b"{}")), (b"identity", b"{}")],
    ids=["gzip", "deflate", "identity"],
)
def test_a_body_that_is_packed_is_unpacked(encoding: bytes, body: bytes, ask: Ask) -> None:
    with HostileServer(packed(encoding, body)) as server:
        assert ask(server.url, Limits(), b"") == b"{}"


def test_an_answer_may_be_as_large_as_the_limit(ask: Ask) -> None:
    body = b" " * (4 * MEGABYTE - 1000)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    with HostileServer(lambda peer: peer.send(head + body)) as server:
        assert ask(server.url, Limits(size=4 * MEGABYTE), b"") == body

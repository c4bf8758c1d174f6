"""Clients that are slow, or that connect and send nothing, do not stay connected."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from provisioner.server import connections, protection

from .served import TOKEN, Served

HEAD = b"POST /v1/claims HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()


@pytest.fixture
def client(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A connection to a server whose time limits are short."""
    monkeypatch.setattr(connections, "HEAD", 0.2)
    monkeypatch.setattr(connections, "PIECE", 0.2)
    monkeypatch.setattr(protection, "PIECE", 0.2)
    port = int(served.url.rpartition(":")[2])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        yield connection


@pytest.mark.parametrize("sent", [b"", b"GET /v1/po", HEAD], ids=["nothing", "a line", "a head"])
def test_a_head_that_does_not_end_closes_the_connection(client: socket.socket, sent: bytes) -> None:
    client.sendall(sent)

    assert client.recv(1000) == b""


def test_the_second_request_of_a_connection_has_a_limit_too(client: socket.socket) -> None:
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert client.recv(5000).startswith(b"HTTP/1.1 200 ")
    client.sendall(HEAD)

    assert client.recv(1000) == b""


def test_a_body_that_does_not_arrive_is_refused(client: socket.socket, served: Served) -> None:
    client.sendall(HEAD + BEARER + b"Content-Length: 20\r\n\r\n{")

    assert client.recv(5000).startswith(b"HTTP/1.1 408 ")
    assert served.ledger.orgs()[0].owner == ""

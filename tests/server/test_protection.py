"""Bounds of requests, and the headers of answers."""

from __future__ import annotations

import socket

import httpx

from provisioner.server.protection import AT_ONCE, MOST_ADDRESSES, PER_SECOND, Rates

from .served import TOKEN, Served

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_every_answer_has_the_headers_of_security(served: Served) -> None:
    for path in ("/", "/sign-in", "/v1/pools", "/healthz", "/nothing", "/static/page.css"):
        headers = httpx.get(f"{served.url}{path}", headers=BEARER).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


def test_a_name_that_points_to_this_machine_is_not_served(served: Served) -> None:
    answer = httpx.get(f"{served.url}/v1/pools", headers={"Host": "evil.example", **BEARER})

    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "wrong_host")


def test_a_body_that_is_too_long_is_refused(served: Served) -> None:
    long = b'{"pool": "' + b"x" * 70_000 + b'"}'
    answer = httpx.post(f"{served.url}/v1/claims", content=long, headers=BEARER)
    assert answer.status_code == 413

    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:  # without a length
        head = f"POST /v1/claims HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.sendall(b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n")
        received = connection.recv(1000)
    assert b"201" not in received
    assert not any(org.owner for org in served.ledger.orgs())


def test_an_address_that_sends_too_much_waits_and_others_do_not() -> None:
    rates = Rates()
    assert not any(rates.wait("a", 0.0) for _ in range(int(AT_ONCE)))

    assert 0 < rates.wait("a", 0.0) <= 1 / PER_SECOND
    assert rates.wait("b", 0.0) == 0
    assert rates.wait("a", 1.0) == 0
    for number in range(MOST_ADDRESSES):
        rates.wait(f"{number}", 2.0)
    assert rates.wait("a", 2.0) == 0  # forgotten

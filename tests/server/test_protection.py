"""Bounds of requests, and the headers of answers."""

from __future__ import annotations

import json
import socket

import httpx

from provisioner.server.rates import MOST_NAMES, Allowance, Rates, Refusals

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
    assert received.startswith(b"HTTP/1.1 413 ")
    assert not any(org.owner for org in served.ledger.orgs())


def test_an_address_that_sends_too_much_waits_and_others_do_not() -> None:
    rates = Rates(Allowance(20, 200))
    assert not any(rates.wait("a", 0.0) for _ in range(200))

    assert 0 < rates.wait("a", 0.0) <= 1 / 20
    assert rates.wait("b", 0.0) == 0
    assert rates.wait("a", 1.0) == 0
    for number in range(MOST_NAMES):
        rates.wait(f"{number}", 2.0)
    assert rates.wait("a", 2.0) == 0  # forgotten


def test_refusals_of_one_address_do_not_fill_the_ledger(served: Served) -> None:
    answers = [served.send("GET", "/v1/pools", token=f"guess-{number}") for number in range(12)]

    assert [answer.status for answer in answers[9:]] == [403, 429, 429]
    assert answers[-1].headers["retry-after"]
    assert (
        served.notes()
        == ["refusal: somebody from 127.0.0.1: this is not the token of the file"] * 5
    )


def test_the_next_refusal_that_is_recorded_counts_those_that_were_not() -> None:
    refusals = Refusals()
    found = [refusals.left_out("a", 0.0) for _ in range(8)]

    assert found == [0] * 5 + [None] * 3
    assert refusals.left_out("b", 0.0) == 3
    strangers = [refusals.left_out(f"{number}", 1.0) for number in range(1000)]
    assert 90 < sum(found is not None for found in strangers) < 100


def test_a_line_of_the_log_says_who_did_what_and_has_no_query(served: Served) -> None:
    lines: list[str] = []
    object.__setattr__(served.world, "log", lines.append)

    served.send("GET", "/v1/pools?token=secret", X_Forwarded_For="9.9.9.9")
    served.send("GET", "/healthz")

    [line] = map(json.loads, lines)
    assert "secret" not in str(line)
    assert line["who"]
    assert {name: line[name] for name in ("from", "method", "path", "status")} == {
        "from": "127.0.0.1",
        "method": "GET",
        "path": "/v1/pools",
        "status": 200,
    }

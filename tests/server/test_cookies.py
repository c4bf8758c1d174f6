"""The cookie of a sign-in: its attributes, and which ones are refused."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from cryptography.fernet import Fernet

from provisioner.access.person import Person
from provisioner.server.cookies import LIFETIME, Cookies

from .served import TOKEN, Served

ANN = Person("ann@acme.example", frozenset({"developers"}), way="openid connect")


def test_a_cookie_is_only_for_this_server_and_not_for_scripts(served: Served) -> None:
    answer = httpx.post(f"{served.url}/sign-in/token", data={"token": TOKEN})
    name, _, rest = answer.headers["set-cookie"].partition("=")

    assert name == "provisioner"
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)
    assert TOKEN not in str(answer.headers)
    assert (Cookies(b"x", is_https=True).name, answer.headers["location"]) == (
        "__Host-provisioner",
        "/",
    )


def test_a_cookie_of_before_the_sign_in_is_replaced(served: Served) -> None:
    with httpx.Client(base_url=served.url) as client:
        client.cookies.set("provisioner", "fixed-by-another", domain="127.0.0.1")
        client.post("/sign-in/token", data={"token": TOKEN})
        first = client.cookies["provisioner"]
        client.post("/sign-in/token", data={"token": TOKEN})

        assert first != "fixed-by-another"
        assert client.cookies["provisioner"] != first


def test_each_server_with_the_secret_accepts_a_cookie_until_it_is_too_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    value = Cookies(b"secret", is_https=True).seal(ANN)
    found = Cookies(b"secret", is_https=False).open(value)

    assert found is not None
    assert found.person == ANN
    assert Cookies(b"another", is_https=True).open(value) is None

    late = time.time() + LIFETIME.total_seconds() + 60
    monkeypatch.setattr(time, "time", lambda: late)
    assert Cookies(b"secret", is_https=True).open(value) is None


def test_what_is_not_a_cookie_of_a_person_is_refused() -> None:
    cookies = Cookies(b"secret", is_https=True)
    started = cookies.seal_text({"state": "a", "nonce": "b", "verifier": "c"})
    foreign = Fernet(Fernet.generate_key()).encrypt(json.dumps({"name": "ann"}).encode()).decode()
    value = cookies.seal(ANN)

    for text in ("", "x", started, foreign, value[:-2], f"{value[:40]}A{value[41:]}"):
        assert cookies.open(text) is None, text
    assert cookies.open_text(value) is None


def test_a_form_of_another_sign_in_is_not_accepted() -> None:
    cookies = Cookies(b"secret", is_https=True)
    first, second = (cookies.open(cookies.seal(ANN)) for _ in range(2))
    assert first is not None
    assert second is not None

    assert cookies.is_own_form(first, cookies.csrf_token(first))
    assert not cookies.is_own_form(first, cookies.csrf_token(second))
    assert not cookies.is_own_form(first, "")

"""Sign-in with an identity provider."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.claim.live_orgs import LiveOrgs

from .oidc_provider import Provider, identity_provider
from .served import Served, serving

SECRET = "${OIDC_SECRET}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with identity_provider() as provider:
        yield provider


@pytest.fixture
def served(live: LiveOrgs, provider: Provider) -> Iterator[Served]:
    """A server whose people sign in at the provider."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    live.write_pool(
        f"server:\n  url: http://127.0.0.1:{port}\n"
        f"  sign_in: {{ issuer: {provider.url}, client_id: pools, client_secret: '{SECRET}' }}\n"
        "  roles: { claimer: [developers], viewer: [everyone] }"
    )
    with serving(live.folder / "pool.yaml", token="", port=port) as server:
        live.add(server.ledger, "one")
        yield server


def browser(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, follow_redirects=True)


def test_a_person_signs_in_at_the_identity_provider(served: Served) -> None:
    with browser(served) as client:
        page = client.post("/sign-in/provider")
        assert (page.status_code, page.url.path) == (200, "/")
        assert "1 available" in page.text

    assert served.notes() == ["sign-in: ann@acme.example from 127.0.0.1 (openid connect)"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"aud": "another"}, "Audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": 1000}, "expired"),
        ({"email": ""}, "no claim email"),
        ({"email_verified": False}, "has not verified"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    served: Served, provider: Provider, claims: dict[str, Any], reason: str
) -> None:
    provider.more_claims = claims
    with browser(served) as client:
        refused = client.post("/sign-in/provider")
        assert refused.status_code == 403
        assert reason.lower() in refused.text.lower()
        assert client.get("/").url.path == "/sign-in"


def test_a_return_that_was_not_asked_for_is_refused(served: Served) -> None:
    with browser(served) as client:
        assert client.get("/sign-in/callback?code=x&state=y").status_code == 403
        client.post("/sign-in/provider", follow_redirects=False)
        assert client.get("/sign-in/callback?code=x&state=y").status_code == 403

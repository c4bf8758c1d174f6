"""Sign-in by a reverse proxy, and requests that other sites make a browser send."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.claim.live_orgs import LiveOrgs

from .served import Served, serving

ANN = {"X-Forwarded-User": "ann@acme.example", "X-Forwarded-Groups": "staff, developers"}
CLAIM = {"pool": "morning"}


def served_from(live: LiveOrgs, addresses: str) -> Iterator[Served]:
    live.write_pool(
        f"server:\n  url: https://pools.acme.example\n  proxy: {{ addresses: [{addresses}] }}\n"
        "  roles: { claimer: [developers], viewer: [everyone] }"
    )
    with serving(live.folder / "pool.yaml", token="") as server:
        live.add(server.ledger, "one")
        yield server


@pytest.fixture
def served(live: LiveOrgs) -> Iterator[Served]:
    """A server behind a proxy on this machine."""
    yield from served_from(live, "127.0.0.1/32")


@pytest.fixture
def exposed(live: LiveOrgs) -> Iterator[Served]:
    """A server whose proxy is on another machine."""
    yield from served_from(live, "10.0.0.5")


def test_the_header_of_the_proxy_names_the_person_and_the_groups(served: Served) -> None:
    with httpx.Client(base_url=served.url) as client:
        bob = {"X-Forwarded-User": "bob@acme.example"}
        refused = client.post("/v1/claims", json=CLAIM, headers=bob)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")

        forwarded = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}  # the first is what the client says
        claimed = client.post("/v1/claims", json=CLAIM, headers={**ANN, **forwarded})
        assert (claimed.status_code, claimed.json()["owner"]) == (201, "ann@acme.example")
    assert served.notes() == [
        "refusal: bob@acme.example from 127.0.0.1 (proxy): bob@acme.example is not a claimer of "
        "the pool morning",
        "claim: ann@acme.example from 192.0.2.7 (proxy)",
    ]


def test_the_header_of_anyone_else_is_refused(exposed: Served) -> None:
    for headers in (ANN, {}, {**ANN, "X-Forwarded-For": "10.0.0.5"}):
        answer = httpx.get(f"{exposed.url}/v1/pools", headers=headers)
        assert answer.status_code == 403
        assert "answers only to its reverse proxy" in answer.json()["error"]["message"]
    assert httpx.get(f"{exposed.url}/healthz").status_code == 200


HEADERS_OF_A_PERSON = {
    "none": [],
    "empty": [("X-Forwarded-User", "")],
    "two": [("X-Forwarded-User", "ann"), ("X-Forwarded-User", "bob")],
}


def test_a_proxy_that_names_nobody_or_two_people_signs_nobody_in(served: Served) -> None:
    for name, headers in HEADERS_OF_A_PERSON.items():
        answer = httpx.get(f"{served.url}/v1/pools", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), name


FORGED = {
    "another site": {"Origin": "https://evil.example"},
    "a site without a name": {"Origin": "null"},
    "http in place of https": {"Origin": "http://pools.acme.example"},
    "a subdomain": {"Sec-Fetch-Site": "same-site"},
    "another site, as the browser says": {"Sec-Fetch-Site": "cross-site"},
    "no origin": {},
    "a token that the proxy adds": {"Authorization": "Bearer x"},
}
OWN = {
    "this site": {"Origin": "https://pools.acme.example"},
    "this site, as the browser says": {"Sec-Fetch-Site": "same-origin"},
}


def test_only_a_form_of_this_site_claims(served: Served, live: LiveOrgs) -> None:
    live.add(served.ledger, "two")
    for name, headers in FORGED.items():
        answer = httpx.post(f"{served.url}/claim", data=CLAIM, headers={**ANN, **headers})
        assert answer.status_code == 403, name
    assert not any(org.owner for org in served.ledger.orgs())

    for name, headers in OWN.items():
        answer = httpx.post(f"{served.url}/claim", data=CLAIM, headers={**ANN, **headers})
        assert answer.status_code == 303, name
    assert all(org.owner == "ann@acme.example" for org in served.ledger.orgs())

"""CI jobs claim with the OIDC token of their CI system."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.claim.live_orgs import LiveOrgs

from .oidc_provider import Provider, identity_provider, signing_key
from .served import Served, serving

GITHUB = {
    "aud": "provisioner",
    "repository": "acme/app",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "environment": "test",
    "run_id": "7",
    "run_attempt": "1",
    "jti": "token-1",
}
GITLAB = {
    "aud": "provisioner",
    "project_path": "acme/app",
    "ref": "main",
    "ref_type": "branch",
    "environment": "test",
    "job_id": "9",
    "jti": "token-1",
}
CLAIM = {"pool": "morning"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with identity_provider() as provider:
        yield provider


@pytest.fixture
def served(live: LiveOrgs, provider: Provider) -> Iterator[Served]:
    """A server that lets the jobs of one branch of acme/app claim."""
    live.write_pool(
        f"server:\n  ci:\n    - {{ issuer: {provider.url}, audience: provisioner, "
        "repository: acme/app, ref: refs/heads/main, environment: test, pools: [morning] }"
    )
    with serving(live.folder / "pool.yaml") as server:
        for name in ("one", "two"):
            live.add(server.ledger, name)
        yield server


@pytest.mark.parametrize("job", [GITHUB, GITLAB], ids=["GitHub", "GitLab"])
def test_a_job_claims_opens_a_session_and_releases_without_a_secret(
    served: Served, provider: Provider, job: dict[str, Any]
) -> None:
    token = provider.token(job)
    claimed = served.send("POST", "/v1/claims", CLAIM, token=token)
    assert claimed.status == 201
    org = claimed.json
    assert org["owner"].startswith("ci acme/app ")

    later = provider.token({**job, "jti": "token-2"})  # a post step asks for a new one
    session = served.send("POST", f"/v1/claims/{org['username']}/session", token=later)
    assert session.json["access_token"]
    released = served.send("POST", f"/v1/claims/{org['username']}/release", token=later)
    assert released.status == 200


def test_a_token_claims_one_org_also_when_it_is_replayed(
    served: Served, provider: Provider
) -> None:
    token = provider.token(GITHUB)
    first, again = (served.send("POST", "/v1/claims", CLAIM, token=token) for _ in range(2))
    assert first.json["username"] == again.json["username"]

    served.send("POST", f"/v1/claims/{first.json['username']}/release", token=token)
    replayed = served.send("POST", "/v1/claims", CLAIM, token=token)
    assert (replayed.status, replayed.json["error"]["code"]) == (403, "token_used")


def test_another_job_gets_no_session_of_a_claim(served: Served, provider: Provider) -> None:
    org = served.send("POST", "/v1/claims", CLAIM, token=provider.token(GITHUB)).json
    other = provider.token({**GITHUB, "run_id": "8", "jti": "token-3"})

    refused = served.send("POST", f"/v1/claims/{org['username']}/session", token=other)

    assert (refused.status, refused.json["error"]["code"]) == (403, "forbidden")


HOSTILE: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "sts.amazonaws.com"},
    "another repository": {"repository": "evil/app"},
    "the repository in another case": {"repository": "Acme/App"},
    "another branch": {"ref": "refs/heads/main2"},
    "a pull request": {"ref": "refs/pull/3/merge"},
    "a tag with the name of the branch": {"ref": "main", "ref_type": "tag"},
    "another environment": {"environment": "production"},
    "no environment": {"environment": ""},
    "no repository": {"repository": None},
    "another issuer": {"iss": "https://token.actions.githubusercontent.com.evil.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "not valid yet": {"nbf": int(time.time()) + 3600},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_token_that_does_not_match_claims_nothing(
    served: Served, provider: Provider, name: str
) -> None:
    refuse(served, provider.token({**GITHUB, **HOSTILE[name]}))


def test_a_token_that_the_issuer_has_not_signed_claims_nothing(
    served: Served, provider: Provider
) -> None:
    now = int(time.time())
    content = {**GITHUB, "iss": provider.url, "iat": now, "exp": now + 300}
    public = provider.documents()["/keys"]["keys"][0]["x"]
    tokens = {
        "no signature": jwt.encode(content, "", algorithm="none"),
        "a shared secret": jwt.encode(content, public.ljust(64, "x"), algorithm="HS512"),
        "another key under a known name": provider.token(GITHUB, key=signing_key("other")),
        "a key of another name": provider.token(GITHUB, kid="other"),
        "a key that it names itself": jwt.encode(
            content,
            signing_key("other"),
            algorithm="ES256",
            headers={"kid": "other", "jku": "https://evil.example/keys"},
        ),
        "no token": "a.b.c",
    }
    fetched = provider.fetched.count("/keys")
    for token in tokens.values():
        refuse(served, token)
    assert provider.fetched.count("/keys") - fetched == 1, "a stranger made the server fetch keys"


def refuse(served: Served, token: str) -> None:
    """The token gets nothing, and the refusal does not repeat it."""
    answer = served.send("POST", "/v1/claims", CLAIM, token=token)
    assert (answer.status, answer.json["error"]["code"]) == (403, "token_refused"), answer.text
    assert token not in answer.text
    assert all(org.state == "available" for org in served.ledger.orgs())


def test_an_issuer_that_is_not_reached_is_no_fault_of_the_job(
    live: LiveOrgs, provider: Provider
) -> None:
    live.write_pool(
        "server:\n  ci:\n    - { issuer: http://127.0.0.1:9, audience: provisioner, "
        "repository: acme/app, pools: [morning] }"
    )
    with serving(live.folder / "pool.yaml") as served:
        token = provider.token({**GITHUB, "iss": "http://127.0.0.1:9"})
        answer = served.send("POST", "/v1/claims", CLAIM, token=token)

    assert (answer.status, answer.json["error"]["code"]) == (503, "unreachable")

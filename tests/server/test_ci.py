"""CI jobs claim with the OIDC token of their CI system."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from provisioner.errors import LoginError
from provisioner.ledger.base import Event
from provisioner.server.sign_in.issuers import LEAST_BETWEEN, Issuer, TokenError
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


def test_an_idempotency_key_holds_across_the_tokens_of_a_job(
    served: Served, provider: Provider
) -> None:
    body = {**CLAIM, "idempotency_key": "step-1"}
    tokens = [provider.token({**GITHUB, "jti": f"token-{number}"}) for number in range(3)]
    first, again = (served.send("POST", "/v1/claims", body, token=token) for token in tokens[:2])
    assert first.json["username"] == again.json["username"]

    own = served.send("GET", "/v1/orgs?idempotency_key=step-1", token=tokens[2]).json["orgs"]
    assert [org["username"] for org in own] == [first.json["username"]]
    other = provider.token({**GITHUB, "run_id": "8", "jti": "token-9"})
    assert served.send("GET", "/v1/orgs?idempotency_key=step-1", token=other).json["orgs"] == []


def test_a_token_that_has_claimed_an_org_is_for_that_claim_only(
    served: Served, provider: Provider
) -> None:
    token, later = (provider.token({**GITHUB, "jti": name}) for name in ("token-1", "token-2"))
    first = served.send("POST", "/v1/claims", CLAIM, token=token).json["username"]
    second = served.send("POST", "/v1/claims", CLAIM, token=later).json["username"]

    more = served.send("POST", "/v1/claims", {**CLAIM, "idempotency_key": "b"}, token=token)
    assert (more.status, more.json["error"]["code"]) == (403, "token_used")
    for action, body in (("session", None), ("release", {}), ("extend", {"lease": "20h"})):
        refused = served.send("POST", f"/v1/claims/{second}/{action}", body, token=token)
        assert (refused.status, refused.json["error"]["code"]) == (403, "token_used"), action
        assert first in refused.json["error"]["message"]


def test_of_two_claims_of_one_token_at_the_same_time_one_is_undone(
    served: Served, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other request, at another server, claims between the check of this one and its claim."""
    token, note = provider.token(GITHUB), served.ledger.note
    others = iter([{**CLAIM, "username": "two@acme.example", "idempotency_key": "b"}])

    def after_the_other(event: Event) -> None:
        for body in others:
            assert served.send("POST", "/v1/claims", body, token=token).status == 201
        note(event)

    monkeypatch.setattr(served.ledger, "note", after_the_other)
    body = {**CLAIM, "username": "one@acme.example"}
    refused = served.send("POST", "/v1/claims", body, token=token)

    assert (refused.status, refused.json["error"]["code"]) == (403, "token_used")
    states = {org.username: org.state.value for org in served.ledger.orgs()}
    assert states == {"one@acme.example": "available", "two@acme.example": "claimed"}


def test_the_lease_of_a_job_is_bounded(served: Served, provider: Provider) -> None:
    for jti, asked, hours in (("a", {}, 6), ("b", {"lease": "48h"}, 24)):
        token = provider.token({**GITHUB, "jti": jti})
        org = served.send("POST", "/v1/claims", {**CLAIM, **asked}, token=token).json
        left = datetime.fromisoformat(org["lease_until"]) - served.ledger.now()
        assert abs(left - timedelta(hours=hours)) < timedelta(minutes=2)


HOSTILE: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "sts.amazonaws.com"},
    "another repository": {"repository": "evil/app"},
    "the repository in another case": {"repository": "Acme/App"},
    "another branch": {"ref": "refs/heads/main2"},
    "a pull request": {"ref": "refs/pull/3/merge"},
    "a pull request that runs on its target": {"event_name": "pull_request_target"},
    "a pull request that was closed": {"event_name": "pull_request", "head_ref": "evil"},
    "the branch of a pull request": {"head_ref": "main"},
    "the subject of a pull request": {"sub": "repo:acme/app:pull_request"},
    "a branch named as GitLab does": {"ref": "main"},
    "a tag with the name of the branch": {"ref": "main", "ref_type": "tag"},
    "another environment": {"environment": "production"},
    "no environment": {"environment": ""},
    "no repository": {"repository": None},
    "another issuer": {"iss": "https://token.actions.githubusercontent.com.evil.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "no expiry": {"exp": None},
    "a list in place of a repository": {"repository": ["acme/app"]},
}
OF_GITLAB: dict[str, dict[str, Any]] = {
    "a merge request from a branch of that name": {"pipeline_source": "merge_request_event"},
    "a merge request of a fork": {"project_path": "evil/app"},
    "a tag of that name": {"ref_type": "tag"},
    "a branch whose name is a full one": {"ref": "refs/heads/main"},
    "no kind of ref": {"ref_type": None},
    "two projects": {"project_path": "evil/app", "repository": "acme/app"},
}


def test_a_token_that_does_not_match_claims_nothing(served: Served, provider: Provider) -> None:
    for job, changes in ((GITHUB, HOSTILE), (GITLAB, OF_GITLAB)):
        for name, change in changes.items():
            refuse(served, provider.token({**job, **change}), name)


def test_a_token_that_the_issuer_has_not_signed_claims_nothing(
    served: Served, provider: Provider
) -> None:
    now = int(time.time())
    content = {**GITHUB, "iss": provider.url, "iat": now, "exp": now + 300}
    public = provider.documents()["/keys"]["keys"][0]["x"]
    deep = base64.urlsafe_b64encode(b"[" * 12_000).decode()
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
        "the issuer with a slash": provider.token({**GITHUB, "iss": f"{provider.url}/"}),
        "depth": f"{deep}.{deep}.c",
    }
    fetched = provider.fetched.count("/keys")
    for name, token in tokens.items():
        refuse(served, token, name)
    assert provider.fetched.count("/keys") - fetched == 1, "a stranger made the server fetch keys"


def refuse(served: Served, token: str, why: str) -> None:
    """The token gets nothing, and the refusal does not repeat it."""
    answer = served.send("POST", "/v1/claims", CLAIM, token=token)
    assert (answer.status, answer.json["error"]["code"]) == (403, "token_refused"), why
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
        answers = [served.send("POST", "/v1/claims", CLAIM, token=token) for _ in range(2)]

    for answer in answers:
        assert (answer.status, answer.json["error"]["code"]) == (503, "unreachable")
        assert answer.headers["retry-after"] == "5"


def test_keys_are_fetched_again_when_the_issuer_has_new_ones(provider: Provider) -> None:
    issuer, claims = Issuer(provider.url), {"aud": "provisioner"}
    issuer.verified(provider.token(claims), "provisioner")
    renewed = provider.token(claims, kid="key-2")
    provider.keys = ("key-1", "key-2")
    try:
        with pytest.raises(TokenError, match="a key that its issuer does not have"):
            issuer.verified(renewed, "provisioner")  # just fetched
        issuer._fetched_at -= LEAST_BETWEEN + 1
        fetched = len(provider.fetched)
        assert issuer.verified(renewed, "provisioner")["aud"] == "provisioner"
        assert provider.fetched[fetched:] == ["/keys"]
    finally:
        provider.keys = ("key-1",)


def test_an_issuer_that_is_away_is_asked_once_and_its_known_keys_are_used(
    provider: Provider,
) -> None:
    issuer, claims = Issuer(provider.url), {"aud": "provisioner"}
    known = provider.token(claims)
    issuer.verified(known, "provisioner")
    issuer._fetched_at -= LEAST_BETWEEN + 1
    provider.keys = ()  # the answer is HTTP 404
    try:
        fetched = len(provider.fetched)
        for _ in range(3):
            with pytest.raises(LoginError, match="HTTP 404"):
                issuer.verified(provider.token(claims, kid="key-2"), "provisioner")
            issuer.verified(known, "provisioner")
        assert provider.fetched[fetched:] == ["/keys"]
    finally:
        provider.keys = ("key-1",)

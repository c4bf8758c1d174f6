"""The API: pools, claims and sessions over HTTP."""

from __future__ import annotations

import pytest

from provisioner.access import claims
from provisioner.access.person import Person
from provisioner.errors import AccessError

from .served import Served


def test_a_person_claims_an_org_gets_its_session_and_releases_it(served: Served) -> None:
    claimed = served.send("POST", "/v1/claims", {"pool": "morning", "purpose": "a bug"})
    assert (claimed.status, claimed.json["state"]) == (201, "claimed")
    username = claimed.json["username"]

    session = served.send("POST", f"/v1/claims/{username}/session")
    assert session.status == 200
    assert session.json["access_token"]
    assert session.headers["cache-control"] == "no-store"

    released = served.send("POST", f"/v1/claims/{username}/release", {"reuse": True})
    assert (released.status, released.json["state"]) == (200, "available")
    assert [note.partition(":")[0] for note in served.notes()] == ["claim", "session", "release"]
    assert session.json["access_token"] not in str(served.ledger.events())


def test_a_request_without_the_token_gets_nothing(served: Served) -> None:
    for token in ("", "another"):
        refused = served.send("GET", "/v1/pools", token=token)
        assert refused.status in (401, 403)
        assert refused.json["error"]["code"] == "not_signed_in"
        assert "morning" not in refused.text


def test_only_the_owner_of_a_claim_gets_its_session(served: Served) -> None:
    username = served.send("POST", "/v1/claims", {"pool": "morning"}).json["username"]
    operator = Person("bob@acme.example", is_local=True)

    with pytest.raises(AccessError, match="only for the owner of its claim"):
        claims.session(served.world, operator, username)


def test_the_same_idempotency_key_gives_the_same_org(served: Served) -> None:
    body = {"pool": "morning", "idempotency_key": "job-1"}
    first, second = (served.send("POST", "/v1/claims", body).json for _ in range(2))

    assert first["username"] == second["username"]

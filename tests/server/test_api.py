"""The API: pools, claims, sessions and runs over HTTP, by a client made from its document."""

from __future__ import annotations

import xml.etree.ElementTree
from typing import Any

import pytest

from provisioner.access import claims
from provisioner.access.person import Person
from provisioner.access.visible import visible_record, visible_runs
from provisioner.errors import AccessError, NoOrgError
from tests.report.nights import three_nights

from .api_client import ApiClient, schemas_of
from .served import Served


@pytest.fixture
def api(served: Served) -> ApiClient:
    """A client with the token of the file."""
    return ApiClient(served)


def test_a_person_claims_an_org_gets_its_session_and_releases_it(
    served: Served, api: ApiClient
) -> None:
    claimed = api.call("claimOrg", {"pool": "morning", "purpose": "a bug", "lease": "2h"})
    assert (claimed.status, claimed.json["state"]) == (201, "claimed")
    username = claimed.json["username"]
    extended = api.call("extendClaim", {"lease": "4h"}, username=username)
    assert extended.json["lease_until"] > claimed.json["lease_until"]

    session = api.call("openSession", username=username)
    assert session.status == 200
    assert session.json["access_token"]
    assert session.headers["cache-control"] == "no-store"

    released = api.call("releaseOrg", {"reuse": True}, username=username)
    assert (released.status, released.json["state"]) == (200, "available")
    made = [note.partition(":")[0] for note in served.notes()]
    assert made == ["claim", "extension", "session", "release"]
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


def test_a_person_without_a_role_does_not_learn_of_an_org(served: Served) -> None:
    stranger = Person("eve@acme.example", pools=frozenset({"evening"}))

    with pytest.raises(NoOrgError, match=r"no scratch org one@acme\.example") as refused:
        claims.release(served.world, stranger, "one@acme.example")
    assert "one@" not in refused.value.hint


def test_the_same_idempotency_key_gives_the_same_org(api: ApiClient) -> None:
    body = {"pool": "morning", "idempotency_key": "job-1"}
    first, second = (api.call("claimOrg", body).json for _ in range(2))
    assert first["username"] == second["username"]

    (found,) = api.call("listOrgs", idempotency_key="job-1").json["orgs"]
    assert found == first
    assert api.call("listOrgs", idempotency_key="job-2").json["orgs"] == []
    api.call("releaseOrg", username=first["username"])
    assert api.call("listOrgs", idempotency_key="job-1").json["orgs"] == []


def test_orgs_are_found_by_their_pool_state_and_owner(api: ApiClient) -> None:
    org = api.call("claimOrg", {"pool": "morning"}).json

    def usernames(**filters: str) -> list[str]:
        return [each["username"] for each in api.call("listOrgs", **filters).json["orgs"]]

    assert len(usernames(pool="morning")) == 2
    assert usernames(state="claimed", owner=org["owner"].upper()) == [org["username"]]
    assert usernames(pool="evening") == []
    assert api.call("getOrg", username=org["username"]).json == org
    (pool,) = api.call("listPools").json["pools"]
    assert (pool["available"], pool["claimed"]) == (1, 1)


def test_the_document_describes_each_operation_in_valid_schemas(api: ApiClient) -> None:
    assert api.document["openapi"] == "3.1.0"
    assert len(schemas_of(api.document)) > 20


BAD: dict[str, tuple[str, Any, str]] = {
    "an unknown key": ("/v1/claims", {"pool": "morning", "leese": "1h"}, "did you mean lease?"),
    "no pool": ("/v1/claims", {"purpose": "a bug"}, "the body has no pool"),
    "a number": ("/v1/claims", {"pool": 1}, "pool must be a text"),
    "a list": ("/v1/claims", [1], "the body is not a JSON object"),
    "no JSON": ("/v1/claims", b"pool=morning", "the body is not a JSON object"),
    "depth": ("/v1/claims", b"[" * 60_000, "the body is not a JSON object"),
    "half a character": ("/v1/claims", b'{"pool": "\\ud800"}', "pool has line breaks or control"),
    "a long text": ("/v1/claims", {"pool": "x" * 201}, "pool is longer than 200 characters"),
    "no unit": ("/v1/claims", {"pool": "morning", "lease": "8"}, "8 has no unit"),
    "300 years": ("/v1/claims", {"pool": "morning", "lease": "110000d"}, "longer than a year"),
    "a long wait": ("/v1/claims", {"pool": "morning", "wait": "11m"}, "wait is longer than 10m"),
    "a text": ("/v1/claims/one@acme.example/release", {"reuse": "yes"}, "reuse must be true or"),
    "a null in a path": ("/v1/claims/one%00/release", {}, "'one\\x00' is no username"),
    "two problems": ("/v1/claims", {"poool": "a"}, "has no pool\nthe body has an unknown key"),
}


def test_a_request_that_the_document_does_not_allow_is_refused(served: Served) -> None:
    for name, (path, body, message) in BAD.items():
        refused = served.send("POST", path, body)
        assert (refused.status, refused.json["error"]["code"]) == (400, "bad_request"), name
        assert message in refused.json["error"]["message"]
    assert all(org.state == "available" for org in served.ledger.orgs())


def test_errors_have_the_codes_of_the_command_line_and_a_status(
    served: Served, api: ApiClient
) -> None:
    assert api.call("claimOrg", {"pool": "morning", "username": "one@acme.example"}).status == 201
    cases = [
        (api.call("getOrg", username="three@acme.example"), 404, "unknown_username"),
        (api.call("getRun", run="x"), 404, "unknown_run"),
        (api.call("claimOrg", {"pool": "evening"}), 404, "unknown_pool"),
        (api.call("claimOrg", {"pool": "morning", "min_life": "300d"}), 409, "no_org_available"),
        (api.call("openSession", username="two@acme.example"), 409, "not_claimed"),
        (
            api.call("releaseOrg", {"reuse": True}, username="x@acme.example"),
            404,
            "unknown_username",
        ),
        (served.send("GET", "/v1/orgs?stat=claimed"), 400, "bad_request"),
        (served.send("GET", "/v1/orgs?state=done"), 400, "bad_request"),
        (served.send("GET", "/v1/nothing"), 404, "unknown_address"),
        (served.send("DELETE", "/v1/pools"), 405, "bad_request"),
    ]
    for reply, status, code in cases:
        assert (reply.status, reply.json["error"]["code"]) == (status, code), reply.text


def test_runs_and_their_reports(served: Served, api: ApiClient) -> None:
    three_nights(served.ledger)

    runs = api.call("listRuns").json["runs"]
    record = api.call("getRun", run=runs[0]["run"])
    assert record.json["verdict"].startswith("finished")
    html = api.call("getRunAsHtml", run=runs[0]["run"])
    assert "<!doctype html>" in html.text.lower()
    assert html.headers["content-disposition"] == "attachment"
    suites = xml.etree.ElementTree.fromstring(api.call("getRunAsJunit", run=runs[0]["run"]).text)
    assert suites.tag == "testsuites"
    assert api.call("getRunAsMarkdown", run=runs[0]["run"]).text.startswith("#")


def test_a_run_is_for_those_who_see_all_its_pools(served: Served) -> None:
    three_nights(served.ledger)
    (run, *_) = visible_runs(served.world, Person("ann", is_local=True), 10)
    stranger = Person("eve", pools=frozenset({"evening"}))

    assert visible_runs(served.world, stranger, 10) == []
    with pytest.raises(NoOrgError, match=f"no run {run.id}"):
        visible_record(served.world, stranger, run.id)

"""Which consumer key a login uses: the username alone is enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from provisioner.salesforce.app_keys import derived_consumer_key
from tests.login.command import Run, record, write_pool_file
from tests.login.host import CONSUMER_KEY, USERNAME, LoginHost, Scripted

pytestmark = pytest.mark.slow

DERIVED = derived_consumer_key(USERNAME)
OTHER = "3MVG9.the-key-of-the-ledger"


def issuers(host: LoginHost) -> list[str]:
    """The consumer keys that were tried, each once."""
    return list(dict.fromkeys(seen.claims["iss"] for seen in host.seen))


def test_the_derived_key_is_what_anybody_can_compute() -> None:
    """printf %s morning-7f3k@acme.example | openssl dgst -sha256 -r"""
    assert DERIVED == "6a62cb33b35a00cb1a999e1670d1f873ca2c4797c1500987f8e1061dfc051960"
    assert derived_consumer_key(USERNAME.upper()) == DERIVED


@pytest.mark.parametrize(
    ("accepted", "source", "tried"),
    [
        (OTHER, "from the ledger", [OTHER]),
        (CONSUMER_KEY, "of the Dev Hub's app", [OTHER, CONSUMER_KEY]),
        (DERIVED, "derived from the username", [OTHER, CONSUMER_KEY, DERIVED]),
    ],
)
def test_the_keys_are_tried_in_order(
    run: Run,
    host: LoginHost,
    key_file: Path,
    tmp_path: Path,
    accepted: str,
    source: str,
    tried: list[str],
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE, OTHER)
    host.consumer_key = accepted
    done = run(USERNAME, "--json", "-v")
    assert done.code == 0, done.err
    assert done.json["consumer_key"] == accepted
    assert issuers(host) == tried
    assert f"Logged in with the consumer key {source}: {accepted}" in done.err


def test_the_error_is_that_of_the_first_key_and_names_the_others(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE)
    host.consumer_key = "another app"
    done = run(USERNAME)
    assert done.code == 5
    assert "does not know the consumer key" in done.err
    assert "with the consumer key derived from the username" in done.err


def test_a_refusal_of_the_user_ends_the_search(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE)
    refused = b'{"error": "invalid_grant", "error_description": "user is inactive"}'
    host.script = [Scripted(400, refused)] * 8
    done = run(USERNAME)
    assert done.code == 5
    assert issuers(host) == [CONSUMER_KEY]


def test_an_explicit_key_is_the_only_one(
    run: Run, host: LoginHost, key_file: Path, tmp_path: Path
) -> None:
    write_pool_file(tmp_path, host.url, str(key_file))
    record(tmp_path, host.url, State.AVAILABLE)
    assert run(USERNAME, "--consumer-key", OTHER).code == 5
    assert issuers(host) == [OTHER]


def test_without_pool_file_username_and_key_are_enough(
    run: Run, host: LoginHost, key_file: Path
) -> None:
    host.consumer_key = DERIVED
    done = run(USERNAME, "--key", str(key_file), "--login-url", host.url, "--json")
    assert done.code == 0, done.err
    assert done.json["consumer_key"] == DERIVED


@pytest.mark.parametrize(
    ("listed", "accepted"), [(OTHER, OTHER), (OTHER, DERIVED), (None, DERIVED)]
)
@pytest.mark.parametrize("has_pool_file", [False, True])
def test_a_manifest_has_key_and_address(
    run: Run,
    host: LoginHost,
    key_file: Path,
    tmp_path: Path,
    listed: str | None,
    accepted: str,
    has_pool_file: bool,
) -> None:
    org = {"username": USERNAME, "consumer_key": listed, "login_url": host.url}
    (tmp_path / "orgs.json").write_text(json.dumps({"orgs": [org]}))
    if has_pool_file:
        write_pool_file(tmp_path, host.url, str(key_file))
    host.consumer_key = accepted
    key = [] if has_pool_file else ["--key", str(key_file)]
    done = run(USERNAME.upper(), "--manifest", "orgs.json", "--json", *key)
    assert done.code == 0, done.err
    assert done.json["consumer_key"] == accepted


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("{", 2, "is not JSON (line 1)"),
        ("[]", 2, "is not a manifest"),
        ('{"orgs": 7}', 2, "is not a manifest"),
        ('{"orgs": []}', 3, "has no scratch org"),
        ('{"orgs": [7, {}]}', 3, "has no scratch org"),
        (None, 2, "cannot be read"),
    ],
)
def test_a_manifest_that_does_not_help(
    run: Run, key_file: Path, tmp_path: Path, text: str | None, code: int, says: str
) -> None:
    if text is not None:
        (tmp_path / "orgs.json").write_text(text)
    done = run(USERNAME, "--manifest", "orgs.json", "--key", str(key_file))
    assert (done.code, says in done.err) == (code, True), done.err

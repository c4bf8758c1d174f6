"""`claim --login` and `claim --sf`: the claim and the login in one step, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, World
from provisioner.ledger.base import Ledger, State

from .conftest import ORG_KEYS, Call
from .live_orgs import LiveOrgs, install_sf, key_pair

A = "a@acme.example"


@pytest.fixture
def live(folder: Path) -> Iterator[LiveOrgs]:
    """A Dev Hub, and a pool.yaml for it."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(2000))
    with EmulatorServer(world) as server:
        live = LiveOrgs(server, folder)
        live.write_pool()
        yield live


def refuse_logins(live: LiveOrgs, times: int = 50) -> None:
    """Each login is refused, as of a user who is not active."""
    answer = {"do": "answer", "status": 400, "error": "inactive_user", "message": "inactive user"}
    live.world.faults.add({"when": {"route": "oauth.token"}, "then": answer, "times": times})


def state(ledger: Ledger) -> State:
    row = ledger.get(A)
    assert row is not None
    return row.state


def test_the_document_is_the_org_with_the_session(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    live.add(ledger, "a")
    answer = call("claim", "--login", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert list(answer.document) == [*ORG_KEYS, "access_token"]
    assert answer.document["username"] == A
    assert answer.document["consumer_key"] == DEFAULT_CONSUMER_KEY
    assert answer.document["instance_url"] == live.server.url
    org_id = answer.document["access_token"].partition("!")[0]
    assert org_id[:15] == answer.document["org_id"][:15]


def test_people_do_not_see_the_token(live: LiveOrgs, ledger: Ledger, call: Call) -> None:
    live.add(ledger, "a")
    answer = call("claim", "--login")
    assert answer.out.splitlines()[0] == A
    assert "Logged in. Use --json to print the access token.\n" in answer.err
    assert "!" not in answer.out, "a token starts with the org's id and an exclamation mark"


def test_a_refused_login_releases_the_org_and_says_so(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    live.add(ledger, "a")
    refuse_logins(live)
    answer = call("claim", "--login", "--json", "--idempotency-key", "job-1")
    assert answer.code == 5
    assert answer.error["code"] == "login_user_inactive"
    assert f"{A} was released: the claim failed before its result was printed" in answer.err
    assert state(ledger) is State.AVAILABLE


def test_an_org_that_the_key_held_before_stays_claimed(
    live: LiveOrgs, ledger: Ledger, call: Call
) -> None:
    live.add(ledger, "a")
    first = call("claim", "--login", "--json", "--idempotency-key", "job-1").document
    again = call("claim", "--login", "--json", "--idempotency-key", "job-1").document
    assert (again["username"], again["fence"]) == (first["username"], first["fence"])
    refuse_logins(live)
    answer = call("claim", "--login", "--json", "--idempotency-key", "job-1")
    assert answer.code == 5
    assert f"{A} stays claimed; repeat the claim with the key job-1 to get it" in answer.err
    assert state(ledger) is State.CLAIMED


def test_sf_knows_the_claimed_org_by_its_alias(
    live: LiveOrgs, ledger: Ledger, call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.add(ledger, "a")
    calls = install_sf(folder, monkeypatch)
    answer = call("claim", "--sf", "--alias", "mine", "--json")
    assert answer.code == 0
    assert calls.read_text() == (
        f"org login jwt --username {A} --client-id {DEFAULT_CONSUMER_KEY} --jwt-key-file "
        f"{folder}/server.key --instance-url {live.server.url} --alias mine\n"
    )
    assert "sf has done it" in answer.err
    assert list(answer.document) == ORG_KEYS, "without --login the token is not printed"


def test_an_sf_that_fails_releases_the_org(
    live: LiveOrgs, ledger: Ledger, call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.add(ledger, "a")
    install_sf(folder, monkeypatch, fails_at="login")
    answer = call("claim", "--sf")
    assert answer.code == 5
    assert f"sf org login jwt of {A} failed (exit 1):" in answer.err
    assert f"{A} was released" in answer.err
    assert state(ledger) is State.AVAILABLE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--alias", "mine"], "--alias needs --sf"),
        (["--sf"], "the Salesforce CLI (sf) is not installed, or not on PATH"),
    ],
)
def test_what_cannot_work_claims_nothing(
    live: LiveOrgs,
    ledger: Ledger,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    live.add(ledger, "a")
    monkeypatch.setenv("PATH", "/nowhere")
    answer = call("claim", "--owner", "ann", *options)
    assert answer.code == 2
    assert message in answer.err
    assert state(ledger) is State.AVAILABLE


def test_a_consumer_without_the_key_claims_nothing(
    live: LiveOrgs, ledger: Ledger, call: Call, folder: Path
) -> None:
    live.add(ledger, "a")
    (folder / "server.key").unlink()
    answer = call("claim", "--login")
    assert answer.code == 2
    assert "pool.yaml:4:16: dev_hub.private_key" in answer.err
    assert state(ledger) is State.AVAILABLE
    assert call("claim").code == 0, "a claim alone needs no key"

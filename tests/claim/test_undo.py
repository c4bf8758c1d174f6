"""A claim whose result was not delivered is undone or, with a key, kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from provisioner.claim.rules import claim
from provisioner.cli.main import BROKEN_PIPE
from provisioner.errors import LedgerError
from provisioner.ledger.base import Ledger, Org, State

from .conftest import Call, add

ROOT = Path(__file__).parents[2]
FULL = pytest.param("full", marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="none"))


def run_claim(folder: Path, where: str, arguments: Sequence[str]) -> tuple[int, str]:
    """`provisioner claim` whose answer cannot be written; its exit code and what it says."""
    if where == "closed":
        shell, outlet = '"$@" >&-', os.open(os.devnull, os.O_WRONLY)
    elif where == "full":
        shell, outlet = '"$@"', os.open("/dev/full", os.O_WRONLY)
    else:
        shell = '"$@"'
        reader, outlet = os.pipe()
        os.close(reader)
    command = [sys.executable, "-m", "provisioner", "claim", *arguments]
    done = subprocess.run(
        ["bash", "-c", shell, "bash", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=outlet,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(outlet)
    return done.returncode, done.stderr


@pytest.mark.parametrize("as_json", [["--json"], []], ids=["json", "text"])
@pytest.mark.parametrize(("where", "code"), [("closed", 2), ("gone", BROKEN_PIPE), ("full", 2)])
def test_a_claim_whose_result_cannot_be_printed_is_undone(
    ledger: Ledger, folder: Path, where: str, code: int, as_json: list[str]
) -> None:
    if where == "full" and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    org = add(ledger, "a")
    ended, said = run_claim(folder, where, [*as_json, "--purpose", "demo", "--lease", "1h"])
    assert ended == code, said
    row = ledger.get(org.username)
    assert row is not None
    assert (row.state, row.owner, row.purpose, row.lease_until) == (State.AVAILABLE, "", "", None)
    if where == "closed":
        assert "stdout is closed, so the result could not be printed" in said
        assert row == org
    else:
        assert (
            f"{org.username} was released: the claim failed before its result was printed" in said
        )
        assert row.proven_at is None
        assert ledger.events(username=org.username)[-1].note == (
            "claim cancelled: ann@acme.example did not get its result"
        )


@pytest.mark.parametrize("where", ["gone", FULL])
def test_a_claim_under_a_key_is_kept_because_the_key_gives_it_again(
    ledger: Ledger, folder: Path, call: Call, where: str
) -> None:
    org = add(ledger, "a")
    _, said = run_claim(folder, where, ["--idempotency-key", "job-1"])
    assert f"{org.username} stays claimed; repeat the claim with the key job-1 to get it" in said
    again = call("claim", "--json", "--idempotency-key", "job-1")
    assert (again.document["username"], again.document["fence"]) == (org.username, 1)


class InterruptedClaimError(Exception):
    """Raised in the middle of a claim."""


def interrupted(_org: Org) -> Org | None:
    """A verification that is interrupted."""
    raise InterruptedClaimError


def test_a_claim_that_is_interrupted_during_the_verification_is_undone(ledger: Ledger) -> None:
    add(ledger, "a")
    messages: list[str] = []
    with pytest.raises(InterruptedClaimError):
        claim(ledger, owner="ann", verify=interrupted, on_undone=messages.append)
    assert messages == [
        "a@acme.example was released: the claim failed before its result was printed"
    ]
    (row,) = ledger.orgs()
    assert (row.state, row.owner, row.proven_at) == (State.AVAILABLE, "", None)
    assert ledger.events()[-1].note == "claim cancelled: ann did not get its result"


@pytest.mark.parametrize("failure", [LedgerError("the disk is full"), None], ids=["error", "lost"])
def test_a_claim_that_cannot_be_undone_is_reported_with_the_release_command(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, failure: LedgerError | None
) -> None:
    def move(_ledger: Ledger, _org: Org, _to: State, **_changes: object) -> None:
        if failure is not None:
            raise failure

    add(ledger, "a")
    monkeypatch.setattr(type(ledger), "move", move)
    messages: list[str] = []
    with pytest.raises(InterruptedClaimError):
        claim(ledger, owner="ann", verify=interrupted, on_undone=messages.append)
    assert messages == [
        *(["a@acme.example could not be released: the disk is full"] if failure else []),
        "a@acme.example stays claimed by ann; release it: provisioner release a@acme.example",
    ]


def test_an_org_that_another_owner_claimed_meanwhile_stays_claimed(
    ledger: Ledger,
) -> None:
    def taken_away(org: Org) -> Org | None:
        freed = ledger.move(org, State.AVAILABLE, owner="")
        assert freed is not None
        claim(ledger, owner="bob")
        raise InterruptedClaimError

    add(ledger, "a")
    with pytest.raises(InterruptedClaimError):
        claim(ledger, owner="ann", verify=taken_away)
    assert [(org.state, org.owner) for org in ledger.orgs()] == [(State.CLAIMED, "bob")]

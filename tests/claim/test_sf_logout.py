"""`release` logs the Salesforce CLI out of the org, and of no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioner.ledger.base import Ledger, State

from .conftest import Call, add
from .live_orgs import install_sf

A = "a@acme.example"


@pytest.fixture(autouse=True)
def claimed(ledger: Ledger, call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claimed org, and the home folder of a user of `sf`."""
    add(ledger, "a", org_id="00D000000000001AAA")
    monkeypatch.setenv("HOME", str(folder))
    assert call("claim").code == 0


def log_in_with_sf(folder: Path, *usernames: str) -> None:
    """Write the files that `sf` has of its logins."""
    (folder / ".sfdx").mkdir()
    for username in usernames:
        (folder / ".sfdx" / f"{username}.json").write_text("{}", encoding="utf-8")


@pytest.mark.parametrize("options", [[], ["--reuse"]], ids=["deleted", "for reuse"])
def test_sf_is_logged_out_of_the_released_org_only(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    log_in_with_sf(folder, "hub@acme.example", "A@acme.example")
    calls = install_sf(folder, monkeypatch)
    answer = call("release", A, *options)
    assert answer.code == 0
    assert calls.read_text() == "org logout --target-org A@acme.example --no-prompt\n"
    assert answer.err.endswith(f"The Salesforce CLI is logged out of {A}.\n")


def test_an_sf_that_does_not_know_the_org_is_not_started(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in_with_sf(folder, "hub@acme.example")
    calls = install_sf(folder, monkeypatch)
    assert call("release", A).code == 0
    assert not calls.exists()


def test_a_machine_without_sf_says_nothing_about_it(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in_with_sf(folder, A)
    monkeypatch.setenv("PATH", os.defpath)
    answer = call("release", A)
    assert answer.code == 0
    assert "Salesforce CLI" not in answer.err


def test_an_sf_that_fails_is_a_warning_and_the_org_is_released(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    log_in_with_sf(folder, A)
    install_sf(folder, monkeypatch, fails_at="logout")
    answer = call("release", A, "--json")
    assert (answer.code, answer.document["state"]) == (0, "released")
    assert answer.err.endswith(
        f"warning: the Salesforce CLI could not be logged out of {A}: sf has failed; run: "
        f"sf org logout --target-org {A}\n"
    )
    row = ledger.get(A)
    assert row is not None
    assert row.state is State.RELEASED


def test_a_release_that_is_refused_logs_nobody_out(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in_with_sf(folder, A)
    calls = install_sf(folder, monkeypatch)
    assert call("release", A, "--owner", "bob").code == 7
    assert not calls.exists()

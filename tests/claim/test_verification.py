"""A claim verifies an org whose last verification is too old, and acts on what it finds."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from provisioner.claim.unusable import UnusableError
from provisioner.claim.verification import verified
from provisioner.config.ledger_part import load_ledger_part
from provisioner.config.model import PoolFile
from provisioner.errors import ConfigError, Problem
from provisioner.ledger.base import Ledger, Org, State
from provisioner.upkeep import health
from provisioner.upkeep.health import Health

from .conftest import POOL_YAML, add

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

Examine = Callable[[Org], Health]


class Check:
    """One verification of a claimed org: what it found, and what the claim said about it."""

    def __init__(self, ledger: Ledger, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.warnings: list[str] = []
        self.examined: list[str] = []
        self._ledger = ledger
        self._folder = folder
        self._patch = monkeypatch

    def at(self, org: Org, examine: Examine) -> Org | None:
        """Verify `org`; `examine` is what a login to it would find."""

        def found(org: Org, _pool_file: PoolFile) -> Health:
            self.examined.append(org.username)
            return examine(org)

        self._patch.setattr(health, "examine", found)
        part = load_ledger_part(self._folder / "pool.yaml", environ=os.environ)
        return verified(org, part, self._ledger, lambda: cast(PoolFile, None), self.warnings.append)


@pytest.fixture
def check(ledger: Ledger, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    (folder / "pool.yaml").write_text(
        POOL_YAML.replace("evening: { size: 1,", "evening: { size: 1, prove_after: 1h,")
    )
    return Check(ledger, folder, monkeypatch)


@pytest.fixture
def clock_stopped(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    now = ledger.now()
    monkeypatch.setattr(type(ledger), "now", lambda _ledger: now)


def claimed(ledger: Ledger, name: str = "a", pool: str = "morning", *, age: timedelta) -> Org:
    """An org that ann holds, verified `age` ago."""
    states = (State.BUILDING, State.AVAILABLE, State.CLAIMED)
    at = ledger.now() - age
    return add(ledger, name, *states, pool=pool, owner="ann", fence=1, proven_at=at)


def alive(org: Org) -> Health:
    return Health(org, True)


@pytest.mark.usefixtures("clock_stopped")
@pytest.mark.parametrize(
    ("pool", "age", "is_old"),
    [
        ("evening", HOUR - SECOND, False),
        ("evening", HOUR, True),
        ("morning", 2 * HOUR, False),
        ("morning", 4 * HOUR, True),
        ("in no pool.yaml", 2 * HOUR, False),
        ("in no pool.yaml", 4 * HOUR, True),
        ("morning", -5 * MINUTE, False),
        ("morning", -5 * MINUTE - SECOND, True),
    ],
)
def test_a_verification_counts_for_as_long_as_the_pool_says_and_not_from_the_future(
    check: Check, ledger: Ledger, pool: str, age: timedelta, is_old: bool
) -> None:
    org = claimed(ledger, pool=pool, age=age)
    row = check.at(org, alive)
    assert row is not None
    assert check.examined == ([org.username] if is_old else [])
    assert row.proven_at == (ledger.now() if is_old else org.proven_at)
    assert check.warnings == []


def test_a_deleted_org_is_quarantined_with_a_warning(check: Check, ledger: Ledger) -> None:
    org = claimed(ledger, age=5 * HOUR)
    assert check.at(org, lambda org: Health(org, False, "the org is gone")) is None
    assert check.warnings == [
        "a@acme.example is unusable; the next build replaces it: the org is gone",
    ]
    assert [row.state for row in ledger.orgs()] == [State.EXPIRED]


def test_an_org_that_refuses_the_login_and_may_live_cannot_be_used_now(
    check: Check, ledger: Ledger
) -> None:
    org = claimed(ledger, age=5 * HOUR)
    with pytest.raises(UnusableError, match="HTTP 420") as caught:
        check.at(org, lambda org: Health(org, None, "HTTP 420", is_usable=False))
    assert caught.value.org == org
    assert check.warnings == ["a@acme.example cannot be used now: HTTP 420"]
    assert ledger.get(org.username) == org


def test_an_org_that_cannot_be_reached_is_given_unverified(check: Check, ledger: Ledger) -> None:
    org = claimed(ledger, age=5 * HOUR)
    assert check.at(org, lambda org: Health(org, None, "no answer")) == org
    assert check.warnings == ["a@acme.example could not be verified: no answer"]


def test_the_dev_hub_is_asked_only_about_an_org_in_doubt(
    check: Check, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    class Hub:
        def gone(self, usernames: list[str]) -> set[str]:
            asked.append(usernames)
            return set(usernames)

    class Connections:
        hub = Hub()

        def __init__(self, _pool_file: PoolFile) -> None:
            pass

        def __enter__(self) -> Connections:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

    monkeypatch.setattr("provisioner.builder.connections.Connections", Connections)
    org = claimed(ledger, age=5 * HOUR)
    refused = Health(org, None, "no such user", is_in_doubt=True, is_usable=False)
    assert check.at(org, lambda _org: refused) is None
    assert asked == [[org.username]]
    assert check.warnings == [
        "a@acme.example is unusable; the next build replaces it: the Dev Hub reports the org as "
        "deleted"
    ]


def test_a_claim_that_was_extended_during_the_verification_still_holds(
    check: Check, ledger: Ledger
) -> None:
    until = ledger.now() + HOUR

    def extended(org: Org) -> Health:
        assert ledger.change(org, lease_until=until) is not None
        return Health(org, True)

    row = check.at(claimed(ledger, age=5 * HOUR), extended)
    assert row is not None
    assert (row.state, row.fence, row.lease_until) == (State.CLAIMED, 1, until)


@pytest.mark.parametrize("changes", [None, {"fence": 2, "owner": "bob"}], ids=["ended", "another"])
def test_a_claim_that_ended_during_the_verification_gives_no_org(
    check: Check, ledger: Ledger, changes: dict[str, Any] | None
) -> None:
    def taken(org: Org) -> Health:
        row = ledger.move(org, State.AVAILABLE)
        assert row is not None
        if changes is not None:
            assert ledger.move(row, State.CLAIMED, **changes) is not None
        return Health(org, True)

    assert check.at(claimed(ledger, age=5 * HOUR), taken) is None


def test_without_the_keys_of_pool_yaml_the_org_is_given_with_one_line_of_why(
    check: Check, ledger: Ledger, folder: Path
) -> None:
    def load() -> PoolFile:
        raise ConfigError(tuple(Problem("pool.yaml", n, 1, "a", "x") for n in (1, 2, 3)))

    org = claimed(ledger, age=5 * HOUR)
    part = load_ledger_part(folder / "pool.yaml", environ=os.environ)
    assert verified(org, part, ledger, load, check.warnings.append) == org
    assert check.warnings == ["a@acme.example could not be verified: pool.yaml:1:1: a: x"]

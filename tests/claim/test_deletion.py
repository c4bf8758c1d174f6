"""A released org is deleted at once where possible; else one line gives the reason."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from provisioner.claim.deletion import delete_released
from provisioner.config.model import PoolFile
from provisioner.errors import ConfigError, Problem
from provisioner.ledger.base import Ledger, Org, State

from .conftest import add

POOL_FILE = cast(PoolFile, SimpleNamespace(dev_hub=SimpleNamespace(username="hub@acme.example")))


class Hub:
    """A Dev Hub on which somebody else may delete the org at the same moment."""

    def __init__(self, ledger: Ledger, *, shows_orgs: bool, is_slower: bool = False) -> None:
        self._ledger = ledger
        self._shows_orgs = shows_orgs
        self._is_slower = is_slower

    def delete_orgs(self, usernames: list[str], *, unseen: str) -> dict[str, str]:
        """Username → why it was not deleted."""
        if not self._shows_orgs:
            return dict.fromkeys(usernames, unseen)
        if self._is_slower:
            row = self._ledger.get(usernames[0])
            assert row is not None
            assert self._ledger.move(row, State.DELETED, note="by a build") is not None
        return {}


def released(ledger: Ledger) -> Org:
    states = (State.BUILDING, State.AVAILABLE, State.CLAIMED, State.RELEASED)
    return add(ledger, "a", *states, org_id="00D000000000001AAA")


def end(
    ledger: Ledger, org: Org, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> tuple[Org, list[str]]:
    """The row after the try, and what was said."""

    class Connections:
        def __init__(self, _pool_file: PoolFile, *, time_scale: float) -> None:
            assert 0 < time_scale < 1, "whoever releases an org does not wait as long as a build"

        def __enter__(self) -> SimpleNamespace:
            return SimpleNamespace(hub=hub)

        def __exit__(self, *_error: object) -> None:
            pass

    monkeypatch.setattr("provisioner.builder.connections.Connections", Connections)
    said: list[str] = []
    return delete_released(org, ledger, lambda: POOL_FILE, said.append), said


def test_a_deleted_org_is_recorded_and_nothing_is_said(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, said = end(ledger, released(ledger), Hub(ledger, shows_orgs=True), monkeypatch)
    assert (row.state, said) == (State.DELETED, [])
    assert ledger.get(row.username) == row


def test_an_org_that_the_user_may_not_see_stays_and_the_user_is_named(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = released(ledger)
    row, said = end(ledger, org, Hub(ledger, shows_orgs=False), monkeypatch)
    assert row == org
    assert said == [
        "a@acme.example could not be deleted now: hub@acme.example cannot see it on the Dev Hub"
    ]


def test_an_org_that_a_build_deletes_at_the_same_moment_is_deleted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(ledger, shows_orgs=True, is_slower=True)
    row, said = end(ledger, released(ledger), hub, monkeypatch)
    assert (row.state, said) == (State.DELETED, [])


def test_of_several_problems_in_pool_yaml_the_first_is_said(ledger: Ledger, folder: Path) -> None:
    def load() -> PoolFile:
        raise ConfigError(tuple(Problem("pool.yaml", n, 1, "a", "x") for n in (1, 2, 3)))

    said: list[str] = []
    org = released(ledger)
    assert delete_released(org, ledger, load, said.append) == org
    assert said == ["a@acme.example could not be deleted now: pool.yaml:1:1: a: x"]

"""A SQLite ledger is its owner's alone, unless its folder is a group's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.ledger.base import Org

from .files import opened
from .world import run

PRIVATE, SHARED = 0o600, 0o660


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """With this umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(path: Path) -> dict[str, int]:
    """The modes of the ledger's files while a build runs on it."""
    with opened(path) as ledger, ledger.builder_lock(run(), wait=False):
        ledger.add(Org("a@acme.example", "morning"))
        return {
            each.name.removeprefix(path.name): stat.S_IMODE(each.stat().st_mode)
            for each in path.parent.glob(f"{path.name}*")
        }


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077])
@pytest.mark.parametrize(
    ("folder", "mode"),
    [(0o700, PRIVATE), (0o755, PRIVATE), (0o1777, PRIVATE), (0o770, SHARED), (0o2755, SHARED)],
    ids=oct,
)
def test_the_folder_says_who_may_write(tmp_path: Path, folder: int, mode: int, mask: int) -> None:
    place = tmp_path / "state"
    place.mkdir()
    place.chmod(folder)
    with umask(mask):
        found = modes(place / "ledger.db")
    assert found == dict.fromkeys(("", "-wal", "-shm", ".build-lock"), mode)


def test_a_folder_that_the_ledger_makes_is_its_owners(tmp_path: Path) -> None:
    with umask(0o002):
        found = modes(tmp_path / "new" / "ledger.db")
    assert set(found.values()) == {PRIVATE}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_mode_of_a_ledger_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    path.chmod(0o664)
    assert modes(path)[""] == 0o664

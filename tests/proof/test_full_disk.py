"""No room for the ledger: the build stops and says so, and the next one continues."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.sql.ledger import SqlLedger
from tests.proof.contents import Complete
from tests.proof.disturbances import (
    files_end_at,
    ledger_ends_at,
    ledger_with_pages_of,
    no_room_for,
)
from tests.proof.here import build
from tests.proof.processes import TIME_SCALE, run
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
KILOBYTE = 1024
PAGE = 512  # bytes


def stop_and_resume(night: WholeNight, whole: Complete, disturbance: str) -> None:
    """A build that finds no room stops in order; one that finds it again finishes."""
    night.write_pool(pool=f"replacements: {SIZE}")
    first = run(night, "build", "--time-scale", TIME_SCALE, before=disturbance)
    assert first.code == 2, first.err
    assert "ledger.db" in first.err
    assert not [*crashes(night, first), *leaks(night), *doubles(night), *unfit(night, whole)]
    second = build(night)
    assert second.code == 0, second.err
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


@pytest.mark.parametrize("size", [48, 160, 320])
def test_writes_that_fail(night: WholeNight, whole: Complete, size: int) -> None:
    stop_and_resume(night, whole, files_end_at(size * KILOBYTE))


@pytest.mark.parametrize("name", ["os.pwrite", "os.open"])
def test_no_room_for_the_lock_of_the_build(night: WholeNight, name: str) -> None:
    """The ledger is there already; then the disk is full when a build starts."""
    run(night, "status")
    ended = run(night, "build", "--json", before=no_room_for(name, "build-lock"))
    assert ended.code == 2, ended.err
    assert ended.document["error"]["code"] == "ledger_full"
    assert "build-lock" in ended.document["error"]["message"]
    assert not [*crashes(night, ended)]


def test_no_room_for_a_new_ledger(night: WholeNight) -> None:
    ended = run(night, "status", "--json", before=no_room_for("os.open", "ledger.db"))
    assert (ended.code, ended.document["error"]["code"]) == (2, "ledger_full")


@pytest.mark.parametrize("more", [0, 2, 4])
def test_a_ledger_that_cannot_grow(night: WholeNight, whole: Complete, more: int) -> None:
    """Pages are small here, so that some are needed in every part of the night."""
    run(night, "status", before=ledger_with_pages_of(PAGE))
    pages = (night.folder / ".provisioner/ledger.db").stat().st_size // PAGE
    stop_and_resume(night, whole, ledger_ends_at(pages + more))


@pytest.mark.parametrize("number", [1, 3, 4, 6, 9, 14, 20, 40])
def test_a_ledger_that_fails_for_a_moment_makes_no_org_unknown(
    night: WholeNight, whole: Complete, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """What the Dev Hub or an org has answered is not forgotten because one write failed."""
    written, count = SqlLedger._write, itertools.count(1)

    def failing(self: SqlLedger, *arguments: Any, **more: Any) -> Org | None:
        if next(count) == number:
            raise LedgerError("no room on the disk", code="ledger_full")
        return written(self, *arguments, **more)

    monkeypatch.setattr(SqlLedger, "_write", failing)
    with pytest.raises(LedgerError):
        night.build()
    assert not [*leaks(night), *doubles(night), *unfit(night, whole)]
    assert not rows(night, State.FAILED), "it was not the orgs' fault"
    night.write_pool(pool=f"replacements: {SIZE}")
    assert night.build().exit_code == 0
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]

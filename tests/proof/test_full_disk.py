"""No room for the ledger: the build stops and says so, and the next one goes on."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.sql import SqlLedger
from tests.proof.contents import Complete
from tests.proof.disturbances import files_end_at, ledger_ends_at
from tests.proof.processes import PACE, build, run
from tests.proof.truth import crashes, doubles, leaks, rows, unfit, unfull
from tests.proof.whole_night import WholeNight

SIZE = 3
KILOBYTE = 1024
EVENT = (
    "INSERT INTO event (at, username, run, from_state, to_state, note) "
    "VALUES ('2026-11-01', 'an-old-org@acme.example', 'an-old-run', 'failed', 'deleted', '')"
)


def stop_and_go_on(night: WholeNight, whole: Complete, disturbance: str) -> None:
    """A build that finds no room stops in order; one that finds it again finishes."""
    night.write_pool(pool=f"replacements: {SIZE}")
    first = run(night, "build", "--pace", PACE, before=disturbance)
    assert first.code == 2, first.err
    assert "ledger.db" in first.err
    assert not [*crashes(night, first), *leaks(night), *doubles(night), *unfit(night, whole)]
    second = build(night)
    assert second.code == 0, second.err
    assert not [*unfull(night, SIZE), *leaks(night), *doubles(night), *unfit(night, whole)]


@pytest.mark.parametrize("size", [48, 160, 320])
def test_writes_that_fail(night: WholeNight, whole: Complete, size: int) -> None:
    stop_and_go_on(night, whole, files_end_at(size * KILOBYTE))


def test_a_ledger_that_cannot_grow(night: WholeNight, whole: Complete) -> None:
    run(night, "status")
    pages = fill_up(night.folder / ".provisioner/ledger.db")
    stop_and_go_on(night, whole, ledger_ends_at(pages))


def fill_up(ledger: Path) -> int:
    """Old events, until the last page of the ledger is half full; how many pages it has."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:

        def grow() -> int:
            """Fill pages until there is one more; how many events that took."""
            count, pages = 0, page_count()
            while page_count() == pages:
                connection.execute(EVENT)
                count += 1
            return count

        def page_count() -> int:
            return int(connection.execute("PRAGMA page_count").fetchone()[0])

        grow()
        for _ in range(grow() // 2):
            connection.execute(EVENT)
        return page_count()


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

"""Many may open one new file at once, and each of them gets the ledger."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioner.ledger.sqlite import file as sqlite_file

from .files import filled, opened, refused


def test_a_new_ledger_locked_before_it_has_tables_is_reported_as_locked(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert refused(path).code == "ledger_locked"


def test_a_ledger_made_by_another_at_the_same_moment_is_not_made_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragma = sqlite_file._pragma

    def meanwhile(*arguments: Any) -> Any:
        """After our check of the empty file, and before our transaction."""
        monkeypatch.setattr(sqlite_file, "_pragma", pragma)
        filled(path)
        return pragma(*arguments)

    monkeypatch.setattr(sqlite_file, "_pragma", meanwhile)
    with opened(path) as ledger:
        assert len(ledger.orgs()) == 1


def test_a_new_ledger_that_another_is_reading_is_waited_for(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN")
        other.execute("SELECT name FROM sqlite_master").fetchall()
        timer = threading.Timer(0.2, other.execute, ["COMMIT"])
        timer.start()
        with opened(path) as ledger:
            assert ledger.orgs() == []
        timer.join()


class BusyOnce:
    """A connection on which the first statement meets SQLite's refusal to wait.

    It refuses at once when two processes that read a new file both want to turn it to WAL:
    about one in sixty times when six do so together.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.refusals = 0

    def execute(self, statement: str) -> sqlite3.Cursor:
        """As the connection does, from the second time on."""
        if not self.refusals:
            self.refusals += 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error
        return self._connection.execute(statement)


def test_two_that_turn_a_new_file_to_wal_at_once_both_succeed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        busy = BusyOnce(connection)
        assert sqlite_file._pragma(busy, "journal_mode = WAL", path, 10.0) == "wal"  # type: ignore[arg-type]
        busy.refusals = 0
        with pytest.raises(sqlite3.OperationalError):
            sqlite_file._pragma(busy, "journal_mode", path, 0.0)  # type: ignore[arg-type]


def test_sqlite_itself_waits_only_so_long_that_it_can_be_reported_in_time(path: Path) -> None:
    with opened(path) as ledger:
        assert ledger._connection.execute("PRAGMA busy_timeout").fetchone()[0] == 1_000

"""The ledger in one SQLite file: one host, many processes and threads.

Source: docs/reference/ledger-engine.md#sqlite.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import LedgerError
from provisioner.ledger.base import Run
from provisioner.ledger.rows import utc_now
from provisioner.ledger.sql.ledger import SqlLedger
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sqlite import file as sqlite_file

if TYPE_CHECKING:
    import sqlite3

    from provisioner.ledger.sqlite.build_lock import BuildLock

RETRY_SECONDS = 30.0
"""Seconds to wait for another process's transaction. One of ours takes a few milliseconds, a
backup of the file many seconds."""


class SqliteLedger(SqlLedger):
    """One connection, which threads use in turn; a process that was forked opens its own.

    A file that is deleted or replaced while it is open takes no further writes: they would
    go nowhere, and with them the only trace of a sign-up.
    """

    def __init__(
        self,
        path: Path,
        *,
        retry_seconds: float = RETRY_SECONDS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(clock=clock)
        self.path = path
        self._retry_seconds = retry_seconds
        self._mutex = threading.RLock()
        self._lock: BuildLock | None = None
        self._is_closed = False
        self._open()

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        with self._mutex:
            if not self._is_closed and self._pid == os.getpid():
                self._connection.close()
            self._is_closed = True

    def unlocked(self, pools: Iterable[str]) -> set[str]:
        """Those of `pools` that no other build holds now."""
        from provisioner.ledger.sqlite.build_lock import unlocked

        own = (self._lock.pools if self._lock else None) or frozenset()
        return unlocked(self.path, {*pools} - own) | own.intersection(pools)

    @contextmanager
    def _locked(
        self,
        run: Run,
        pools: Collection[str] | None,
        *,
        wait: bool,
        on_wait: Callable[[str], None] | None,
    ) -> Iterator[None]:
        from provisioner.ledger.sqlite.build_lock import BuildLock

        lock = BuildLock(self.path, pools)
        lock.acquire(run, wait=wait, on_wait=on_wait)
        try:
            self._lock, self._run = lock, run.id
            yield
        finally:
            self._lock, self._run = None, ""
            lock.release()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._connection, self._identity = sqlite_file.open_file(self.path, self._retry_seconds)

    def _live_connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise LedgerError(f"the ledger {self.path} is already closed")
        if self._pid != os.getpid():
            self._open()  # SQLite forbids a connection to cross a fork
        return self._connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Execute]:
        with self._mutex, sqlite_file.translated(self.path):
            connection = self._live_connection()
            if not write:
                yield sqlite_file.reader(connection, self.path, self._retry_seconds)
                return
            with sqlite_file.immediate(connection, self.path, self._retry_seconds) as execute:
                yield execute
                self._refuse_if_gone()

    def _moment(self, execute: Execute) -> datetime:  # noqa: ARG002 - there is one host
        """Now, by the clock of this host, where all who wait are."""
        return self._clock()

    def _refuse_if_gone(self) -> None:
        """Raises LedgerError when what is about to be committed would be lost or unguarded."""
        if sqlite_file.identity(self.path) != self._identity:
            raise LedgerError(
                f"the ledger {self.path} was deleted or replaced while it was open; "
                "nothing more is written",
                code="ledger_gone",
                hint="restore the file from a backup if there is one, then run the command again",
            )
        if self._lock is not None:
            self._lock.verify()

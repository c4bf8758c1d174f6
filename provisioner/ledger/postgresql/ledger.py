"""The ledger of `postgresql://…`: the common statements, with row locks and a builder's session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, Run
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.clock import ServerClock
from provisioner.ledger.postgresql.session import Session
from provisioner.ledger.postgresql.waiting import WaitingLedger
from provisioner.ledger.rows import utc_now
from provisioner.ledger.sql.schema import Execute

if TYPE_CHECKING:
    from provisioner.ledger.postgresql.build_lock import BuilderLock, Times

T = TypeVar("T")
_LOCK_OF_KEYS = 1_347_571_028  # the first of an advisory lock's two numbers

_ONE_BY_ONE = (
    f"SELECT pg_advisory_xact_lock({_LOCK_OF_KEYS}, "
    "hashtext(current_schema() || ' ' || :idempotency_key))"
)
"""Claims with one key take turns; other keys of the same hash wait without need."""

_SERVER_TIME = (
    "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') "
    "|| '+00:00' AS now"
)

_UNCHANGING = "LOCK TABLE org, event, run IN SHARE MODE"


class PostgresqlLedger(WaitingLedger):
    """One connection, which threads use in turn; another one for a build's lock and each waiter.

    A claim outlives the server's restart: it is made once or not at all, and then made again.
    """

    row_locks: ClassVar[tuple[str, ...]] = (
        " FOR UPDATE SKIP LOCKED",  # the next free one, past those that others are taking
        " FOR UPDATE",  # none is free: wait for who is taking the last, who may yet fail
    )

    hub_lock: ClassVar[str] = " FOR UPDATE"

    def __init__(
        self,
        address: Address,
        *,
        retry_seconds: float | None = None,
        times: Times | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`retry_seconds`: for how long a transaction is retried; `times`: of the builder lock."""
        super().__init__(clock=clock)
        self.address = address
        self._retry_seconds = (
            postgresql_session.RETRY_SECONDS if retry_seconds is None else retry_seconds
        )
        self._times = times
        self._mutex = threading.RLock()
        self._lock: BuilderLock | None = None
        self._is_closed = False
        self._written: list[Org] = []  # by the current transaction
        self._clock_of_server = ServerClock()
        self._listeners = {}
        self._can_listen = True
        self._session = Session(address, retry_seconds=self._retry_seconds)

    def now(self) -> datetime:
        """This moment by the server's clock, which is asked at most once a second."""
        known = self._clock_of_server.now()
        return known or self._clock_of_server.set(super().now())

    def close(self) -> None:
        """Give the connections back; closing twice does nothing."""
        for waiter in list(self._listeners):
            self._stop_listening(waiter)
        with self._mutex:
            self._session.close()
            self._is_closed = True

    def unlocked(self, pools: Iterable[str]) -> set[str]:
        """Those of `pools` that no other build holds now."""
        from provisioner.ledger.postgresql.session_locks import unlocked

        own = (self._lock.pools if self._lock else None) or frozenset()
        with self._transaction(write=False) as execute:
            return unlocked(execute, {*pools} - own) | own.intersection(pools)

    def verify_lock(self) -> None:
        """Raises LedgerError when the server may have released the locks of this build."""
        if (lock := self._lock) is not None:
            lock.verify()

    @contextmanager
    def _locked(
        self,
        run: Run,
        pools: Collection[str] | None,
        *,
        wait: bool,
        on_wait: Callable[[str], None] | None,
    ) -> Iterator[None]:
        from provisioner.ledger.postgresql.build_lock import BuilderLock, Times

        lock = BuilderLock(self.address, self._transaction, self._times or Times(), pools)
        lock.acquire(run, wait=wait, on_wait=on_wait)
        try:
            self._lock, self._run = lock, run.id
            lock.wait_for_late_calls(on_wait)
            yield
        finally:
            self._lock, self._run = None, ""
            lock.release()

    def _take_turns(self, execute: Execute, idempotency_key: str) -> None:
        execute(_ONE_BY_ONE, {"idempotency_key": idempotency_key})

    def _moment(self, execute: Execute) -> datetime:
        """Now, by the server's clock: those who wait may sit at several machines."""
        return datetime.fromisoformat(execute(_SERVER_TIME, {})[0]["now"])

    def _hold_still(self, execute: Execute) -> None:
        execute(_UNCHANGING, {})

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Execute]:
        with self._mutex:
            if self._is_closed:
                raise LedgerError(f"the ledger {self.address.name} is already closed")
            if not write:
                yield self._session.read
                return
            lock = self._lock
            self._written.clear()
            with self._session.write() as execute:
                if lock is not None:
                    lock.refuse_when_lost(execute)
                yield execute
                if lock is not None:
                    lock.verify()

"""The ledger of `postgresql://…`: the common statements, with row locks and a builder's session."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from provisioner.errors import LedgerError
from provisioner.ledger import statements
from provisioner.ledger.base import Claim, Org, Run, State
from provisioner.ledger.postgresql_address import Address
from provisioner.ledger.postgresql_errors import UncertainError, UndoneError, lost
from provisioner.ledger.postgresql_session import PATIENCE, Session
from provisioner.ledger.rows import event_from, readable, utc_now
from provisioner.ledger.schema import Execute
from provisioner.ledger.sql import SqlLedger

if TYPE_CHECKING:
    from provisioner.ledger.postgresql_lock import BuilderLock, Times

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


class PostgresqlLedger(SqlLedger):
    """One connection, which threads use in turn, and a second one while a build holds the lock.

    A claim outlives the server's restart: it is made once or not at all, and then made again.
    """

    row_locks: ClassVar[tuple[str, ...]] = (
        " FOR UPDATE SKIP LOCKED",  # the next free one, past those that others are taking
        " FOR UPDATE",  # none is free: wait for who is taking the last, who may yet fail
    )

    def __init__(
        self,
        address: Address,
        *,
        patience: float = PATIENCE,
        times: Times | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`patience` in seconds is for a server that restarts; `times` are the builder lock's."""
        super().__init__(clock=clock)
        self.address = address
        self._patience = patience
        self._times = times
        self._mutex = threading.RLock()
        self._lock: BuilderLock | None = None
        self._is_closed = False
        self._written: list[Org] = []  # by the transaction under way
        self._session = Session(address, patience=patience)

    def close(self) -> None:
        """Give the connections back; closing twice does nothing."""
        with self._mutex:
            self._session.close()
            self._is_closed = True

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """As in `SqlLedger`, and again when the connection breaks or others are in the way."""
        give_up = time.monotonic() + self._patience
        while True:
            try:
                with self._mutex:
                    return self._claim_for_certain(claim, now, give_up)
            except (UndoneError, UncertainError) as error:
                may_repeat = isinstance(error, UndoneError) or bool(claim.idempotency_key)
                if not may_repeat or time.monotonic() >= give_up:
                    raise
                _pause()

    @contextmanager
    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """No build runs inside the block, but `run`, whose writes stop when the lock is lost."""
        from provisioner.ledger.postgresql_lock import BuilderLock, Times

        lock = BuilderLock(self.address, self._transaction, self._times or Times())
        lock.acquire(run, wait=wait, on_wait=on_wait)
        try:
            self._lock, self._run = lock, run.id
            lock.wait_for_late_calls(on_wait)
            yield
        finally:
            self._lock, self._run = None, ""
            lock.release()

    def _claim_for_certain(self, claim: Claim, now: datetime, give_up: float) -> Org | None:
        """Claim; where the commit was not answered, find out what became of it."""
        try:
            return super().claim(claim, now=now)
        except UncertainError as error:
            if claim.idempotency_key:
                raise  # to repeat the key is certain by itself
            if not self._written:
                raise lost(self.address) from None  # there was nothing to commit
            uncertain, written = error, self._written[-1]
        while (is_done := self._is_done(written, claim, now)) is None:
            if time.monotonic() >= give_up:
                raise uncertain
            _pause()
        if not is_done:
            raise lost(self.address)
        return written

    def _is_done(self, written: Org, claim: Claim, now: datetime) -> bool | None:
        """Did the claim whose commit was not answered take place? None when that cannot be seen.

        Its row is locked first, so that the old transaction has ended by then. Its event tells
        it from another claim of the same owner.
        """
        parameters = {"username": written.username, "run": ""}
        try:
            with self._transaction(write=True) as execute:
                execute(statements.ORG + " FOR UPDATE", parameters)
                events = readable(execute(statements.EVENTS, parameters), event_from)
        except LedgerError:
            return None
        return any(
            (event.to_state, event.at, event.note) == (State.CLAIMED, now, claim.owner)
            for event in events
        )

    def _take_turns(self, execute: Execute, idempotency_key: str) -> None:
        execute(_ONE_BY_ONE, {"idempotency_key": idempotency_key})

    def _moment(self, execute: Execute) -> datetime:
        """Now, by the server's clock: those who wait may sit at several machines."""
        return datetime.fromisoformat(execute(_SERVER_TIME, {})[0]["now"])

    def _hold_still(self, execute: Execute) -> None:
        execute(_UNCHANGING, {})

    def _write(
        self,
        execute: Execute,
        seen: Org,
        changed: Org,
        *,
        note: str = "",
        at: datetime | None = None,
    ) -> Org | None:
        written = super()._write(execute, seen, changed, note=note, at=at)
        if written is not None:
            self._written.append(written)
        return written

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Execute]:
        with self._mutex:
            if self._is_closed:
                raise LedgerError(f"the ledger {self.address.name} was closed already")
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


def _pause() -> None:
    time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter

"""One builder at a time on all hosts: a session lock of PostgreSQL, confirmed by pings.

The server ends a session that has been silent for `timeout`, and releases its lock. The builder
stops when its last answered ping was sent more than `deadline` ago, which is earlier, whatever the
two clocks show. A restart or an administrator can also release the lock immediately. Therefore each
write of a builder locks the row that names the builder, and a build that takes over changes that
row. A builder whose session has ended takes the lock in a new session, until its deadline. It
continues if the row still names it: then there was no other builder in between.

Several builders at once, each with orgs of its own, would each have such a lock; the rows are
ready for that (`builder_id` in each compare-and-swap), the protocol is not built. Sources:
docs/reference/ledger-engine.md#session-locks-of-postgresql,
docs/reference/ledger-engine.md#several-builders-at-once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from provisioner.errors import LedgerError
from provisioner.ledger.base import Run
from provisioner.ledger.holder import busy
from provisioner.ledger.postgresql import errors
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.connection import Connection, connect, executor
from provisioner.ledger.postgresql.holder import Record
from provisioner.ledger.sql.schema import Execute
from provisioner.retry import DATABASE, Budget

_LOCK_OF_BUILDERS = 1_347_571_026  # the first of an advisory lock's two numbers
_POLL_EVERY = 0.5  # seconds, with jitter
_REGAIN_EVERY = 0.3  # seconds between tries to take a lock again
_NOTICING = 5.0  # seconds in which a server notices that a process has ended (measured: 0.06)

_TRY = f"SELECT pg_try_advisory_lock({_LOCK_OF_BUILDERS}, hashtext(current_schema())) AS held"
_UNLOCK = f"SELECT pg_advisory_unlock({_LOCK_OF_BUILDERS}, hashtext(current_schema()))"
_SESSION = (
    "SELECT pg_backend_pid() AS pid, "
    "extract(epoch FROM current_setting('idle_session_timeout')::interval)::float8 AS timeout"
)
_OURS = (
    "SELECT 1 AS held FROM pg_locks WHERE locktype = 'advisory' AND granted "  # noqa: S608
    f"AND pid = pg_backend_pid() AND classid = {_LOCK_OF_BUILDERS}"
)


@dataclass(frozen=True)
class Times:
    """Seconds. `deadline` < `timeout`: the builder stops before the server lets go."""

    ping: float = 5.0
    deadline: float = 30.0
    timeout: float = 45.0
    late_call: float = 250.0  # how long a call to Salesforce may take (salesforce.bounded)
    margin: float = 5.0

    @property
    def grace(self) -> float:
        """Until no call of a builder that lost its lock can be in progress."""
        return self.deadline + self.late_call + self.margin


class Transaction(Protocol):
    """`SqlLedger._transaction`, on the connection for work."""

    def __call__(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends."""


class BuilderLock:
    """Taken by `acquire`; from then on a thread keeps the session alive until `release`."""

    def __init__(self, address: Address, transaction: Transaction, times: Times) -> None:
        self._address = address
        self._transaction = transaction
        self._times = times
        self._record: Record | None = None
        self._before: Record | None = None  # who held it last and did not give it back
        self._confirmed_at = 0.0  # when the last ping that was answered was sent
        self._is_lost = False
        self._stop = threading.Event()

    def acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        """Take the lock for `run`. Raises BusyError when another build has it and not `wait`.

        A server that restarts meanwhile is waited for.
        """
        budget = Budget(DATABASE, seconds=postgresql_session.RETRY_SECONDS)
        while True:
            try:
                self._acquire(run, wait=wait, on_wait=on_wait)
                break
            except (errors.UndoneError, errors.UncertainError) as error:
                if not budget.wait(error.message):
                    raise
        self._thread = threading.Thread(target=self._keep, name="builder-lock", daemon=True)
        self._thread.start()

    def _acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        self._connection = self._connect()
        try:
            self._refuse_pooler()
            self._take(wait=wait, on_wait=on_wait)
            self._pid = self._ping()
            self._refuse_stray_lock()
            self._take_over(Record.of(run))
        except BaseException:
            self._connection.close()
            raise

    def wait_for_late_calls(self, on_wait: Callable[[str], None] | None) -> None:
        """Let the last call of a builder end that lost its lock and may not know it yet.

        Nobody waits for a process that has certainly ended. Raises LedgerError.
        """
        if self._before is None or self._before.is_gone:
            return
        if on_wait is not None:
            on_wait(
                "the previous build did not end cleanly "
                f"({self._before.holder.described()}): waiting {self._times.grace:.0f} seconds, "
                "until its last requests have certainly ended"
            )
        end = time.monotonic() + self._times.grace
        while (left := end - time.monotonic()) > 0:
            self.verify()
            self._stop.wait(min(left, _POLL_EVERY))

    def verify(self) -> None:
        """Raises LedgerError when the lock is not certainly ours any more."""
        if not self._is_lost and _boot_time() >= self._confirmed_at + self._times.deadline:
            self._is_lost = (
                True  # permanently: a build that has stopped does not start again by itself
            )
        if self._is_lost:
            raise self._lost("its session on the server ended or did not answer in time")

    def refuse_when_lost(self, execute: Execute) -> None:
        """As `verify`; and until the transaction of `execute` ends nobody takes the lock over."""
        self.verify()
        assert self._record is not None
        if not self._record.is_current(execute):
            self._is_lost = True
            raise self._lost("another build holds it now")

    def release(self) -> None:
        """Give the lock back."""
        self._stop.set()
        self._thread.join(timeout=2 * self._times.ping)
        if self._thread.is_alive():
            self._is_lost = True  # cut off in a ping; the server ends the session
            return
        if self._record is not None and not self._is_lost:
            with suppress(LedgerError, psycopg.Error), self._transaction(write=True) as execute:
                self._record.remove(execute)
        with suppress(LedgerError, psycopg.Error):
            self._ask(_UNLOCK)  # closing alone lets go a moment later
        self._connection.close()

    def _connect(self) -> Connection:
        """A session of its own, never opened again by itself: with it goes the lock."""
        given = self._address.parameters.get("options", "")
        settings = {
            "idle_session_timeout": f"{self._times.timeout * 1000:.0f}",
            "statement_timeout": "5000",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        }
        more = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            return connect(self._address, options=f"{given} {more}".strip())
        except psycopg.Error as error:
            raise errors.of_connecting(error, self._address) from None

    def _refuse_pooler(self) -> None:
        """Raises LedgerError unless this session is one of the server's, and ours alone.

        Before anything is locked: behind a pooler the lock would stay with a stranger.
        """
        session = self._ask(_SESSION)[0]
        if session["timeout"] != self._times.timeout:
            raise errors.pooled(self._address, "the pooler drops the settings of a session")
        with self._transaction(write=True) as execute:
            # A pooler that lends sessions by the transaction has to lend us another one now.
            other = execute(_SESSION, {})[0]["pid"]
            again = self._ask(_SESSION)[0]["pid"]
        if other == session["pid"] or again != session["pid"]:
            raise errors.pooled(self._address, "the pooler does not keep sessions apart")

    def _refuse_stray_lock(self) -> None:
        if not self._ask(_OURS):
            raise errors.pooled(self._address, "the lock was taken in another session")

    def _take(self, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        reported = ""
        noticed = time.monotonic() + _NOTICING
        while not self._ask(_TRY)[0]["held"]:
            record = Record.read(self._read)
            refusal = busy(record.holder if record else None)
            is_ending = record is not None and record.is_gone and time.monotonic() < noticed
            if not wait and not is_ending:
                raise refusal
            if on_wait is not None and refusal.message != reported and not is_ending:
                on_wait(refusal.message)
                reported = refusal.message
            pause = 0.02 if is_ending else _POLL_EVERY * random.uniform(0.8, 1.2)  # noqa: S311
            time.sleep(pause)

    def _read(self, statement: str, parameters: Any) -> list[Any]:
        with self._transaction(write=False) as execute:
            return list(execute(statement, parameters))

    def _take_over(self, record: Record) -> None:
        with self._transaction(write=True) as execute:
            before = Record.read(execute)
            record.write(execute)
            if before != record:  # else an answer was lost, and this is our second try
                self._before = before
        self._record = record

    def _keep(self) -> None:
        while not self._stop.wait(self._times.ping):
            try:
                is_same = self._ping() == self._pid
            except (psycopg.Error, LedgerError):
                is_same = self._is_regained()
            if not is_same:
                self._is_lost = True
                return

    def _is_regained(self) -> bool:
        """Take the lock again in a new session, if nobody was builder since the old one ended."""
        while not self._stop.is_set() and _boot_time() < self._confirmed_at + self._times.deadline:
            sent = _boot_time()
            try:
                self._connection = self._connect()
                is_ours = self._ask(_TRY)[0]["held"] and self._is_still_named()
                self._pid = self._ask(_SESSION)[0]["pid"]
            except (psycopg.Error, LedgerError):
                self._stop.wait(_REGAIN_EVERY * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                continue
            if is_ours:
                self._confirmed_at = sent
            else:
                self._connection.close()  # lets go of what was nobody's
            return is_ours
        return False

    def _is_still_named(self) -> bool:
        """Does the row name us? With the lock in hand: nobody else can write it now."""
        return self._record is not None and self._record.is_current(executor(self._connection))

    def _ping(self) -> Any:
        sent = _boot_time()
        pid = self._ask(_SESSION)[0]["pid"]
        self._confirmed_at = sent
        return pid

    def _ask(self, statement: str) -> list[Any]:
        try:
            return list(executor(self._connection)(statement, {}))
        except psycopg.Error as error:
            if errors.is_loss(error, self._connection):
                self._connection.close()
                raise errors.lost(self._address) from None
            raise errors.of_statement(error, self._address) or error from None

    def _lost(self, why: str) -> LedgerError:
        return LedgerError(
            f"this build has lost its lock on the ledger {self._address.name}: {why}; "
            "nothing more is written",
            code="ledger_lock_lost",
            hint="run `provisioner build` again to resume",
        )


def _boot_time() -> float:
    """Seconds of a clock that also runs while the machine is suspended, and never jumps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)

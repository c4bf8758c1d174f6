"""The locks of a build on all hosts: session locks of PostgreSQL, confirmed by pings.

A build has one session. In it, it locks the ledger, which it shares with builds of other pools, and
each of its pools. A command that needs the whole ledger does not share the first lock. Neither does
a build of an earlier version, which has no locks of pools: so it excludes all others.

The server ends a session that has been silent for `timeout`, and releases its locks. The builder
stops when its last answered ping was sent more than `deadline` ago, which is earlier, whatever the
two clocks show. A restart or an administrator can also release the locks immediately. Therefore
each write of a builder locks the rows that name the builder of its pools, and a build that takes
over changes them (`provisioner.ledger.postgresql.fences`). A builder whose session has ended takes
its locks in a new session, until its deadline. It continues if the rows still name it: then there
was no other builder in between. Sources:
docs/reference/ledger-engine.md#session-locks-of-postgresql,
docs/reference/ledger-engine.md#several-builders-at-once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from provisioner.errors import BusyError, LedgerError
from provisioner.ledger.base import Run
from provisioner.ledger.boot_time import boot_time
from provisioner.ledger.holder import busy, shared
from provisioner.ledger.postgresql import errors, session_locks
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.connection import Connection, connect, executor
from provisioner.ledger.postgresql.fences import Fences, Former, builder_of, builders
from provisioner.ledger.postgresql.holder import Record
from provisioner.ledger.sql.schema import Execute
from provisioner.retry import DATABASE, Budget

_POLL_EVERY = 0.5  # seconds, with jitter
_REGAIN_EVERY = 0.3  # seconds between tries to take a lock again
_NONE: Mapping[str, Any] = {}  # parameters
_NOTICING = 5.0  # seconds in which a server notices that a process has ended (measured: 0.06)

_SESSION = (
    "SELECT pg_backend_pid() AS pid, "
    "extract(epoch FROM current_setting('idle_session_timeout')::interval)::float8 AS timeout"
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
    """The locks of one builder, of `pools` or, without pools, of the whole ledger.

    Taken by `acquire`; from then on a thread keeps the session alive until `release`.
    """

    def __init__(
        self,
        address: Address,
        transaction: Transaction,
        times: Times,
        pools: Collection[str] | None = None,
    ) -> None:
        self.pools = None if pools is None else frozenset(pools)
        self._address = address
        self._transaction = transaction
        self._times = times
        self._fences: Fences | None = None
        self._formers: list[Former] = []  # who held a lock before, and did not give it back
        self._confirmed_at = 0.0  # when the last ping that was answered was sent
        self._is_lost = False
        self._reported = ""  # to one who waits
        self._stop = threading.Event()

    def acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        """Take all locks for `run`, or none. Raises BusyError if one is held, and not `wait`.

        One who waits holds none of them meanwhile, so that no two can wait for each other. A
        server that restarts meanwhile is waited for, each time anew.
        """
        seconds = postgresql_session.RETRY_SECONDS
        budget, since = Budget(DATABASE, seconds=seconds), time.monotonic()
        while True:
            try:
                self._acquire(run, wait=wait, on_wait=on_wait)
                break
            except (errors.UndoneError, errors.UncertainError) as error:
                if time.monotonic() >= since + seconds:  # it has waited for the lock in between
                    budget = Budget(DATABASE, seconds=seconds)
                if not budget.wait(error.message):
                    raise
                since = time.monotonic()
        self._thread = threading.Thread(target=self._keep, name="builder-lock", daemon=True)
        self._thread.start()

    def _acquire(self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        self._connection = self._connect()
        try:
            self._refuse_pooler()
            fences = Fences(Record.of(run), self.pools)
            self._take(wait=wait, on_wait=on_wait)
            if fences.may_be_regained(self._read):
                # Its session ended, perhaps by a restart of the server, and it has until its next
                # ping to notice. To take over from it would cost both builds more.
                session_locks.give_back(self._ask)
                time.sleep(2 * self._times.ping)
                self._take(wait=wait, on_wait=on_wait)
            self._pid = self._ping()
            self._refuse_stray_lock()
            self._take_over(fences)
        except BaseException:
            self._connection.close()
            raise

    def wait_for_late_calls(self, on_wait: Callable[[str], None] | None) -> None:
        """Let the last call of a builder end that lost its lock and may not know it yet.

        Nobody waits for a process that has certainly ended. Raises LedgerError.
        """
        if not self._formers:
            return
        if on_wait is not None:
            before = dict.fromkeys(each.record.holder.described() for each in self._formers)
            on_wait(
                "the previous build did not end cleanly "
                f"({'; '.join(before)}): waiting {self._times.grace:.0f} seconds, "
                "until its last requests have certainly ended"
            )
        end = time.monotonic() + self._times.grace
        while (left := end - time.monotonic()) > 0:
            self.verify()
            self._stop.wait(min(left, _POLL_EVERY))
        # If this is not written, the next build waits once more.
        lost = (errors.UndoneError, errors.UncertainError)
        with suppress(*lost), self._transaction(write=True) as execute:
            self._own.forget(execute, self._formers)

    def verify(self) -> None:
        """Raises LedgerError when the lock is not certainly ours any more."""
        if not self._is_lost and boot_time() >= self._confirmed_at + self._times.deadline:
            self._is_lost = (
                True  # permanently: a build that has stopped does not start again by itself
            )
        if self._is_lost:
            raise self._lost("its session on the server ended or did not answer in time")

    def refuse_when_lost(self, execute: Execute) -> None:
        """As `verify`; and until the transaction of `execute` ends nobody takes the lock over."""
        self.verify()
        if not self._own.is_current(execute):
            self._is_lost = True
            raise self._lost("another build holds it now")

    def release(self) -> None:
        """Give the lock back."""
        self._stop.set()
        self._thread.join(timeout=2 * self._times.ping)
        if self._thread.is_alive():
            self._is_lost = True  # cut off in a ping; the server ends the session
            return
        if not self._is_lost:
            with suppress(LedgerError, psycopg.Error), self._transaction(write=True) as execute:
                self._own.remove(execute)
        with suppress(LedgerError, psycopg.Error):
            session_locks.give_back(self._ask)  # closing alone lets go a moment later
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
        # Else a build that waits for a lock behind a cut cable would wait a quarter hour for an
        # answer (tcp(7), TCP_USER_TIMEOUT).
        timeout = f"{self._times.timeout * 1000:.0f}"
        unanswered = {"tcp_user_timeout": self._address.parameters.get("tcp_user_timeout", timeout)}
        try:
            return connect(self._address, options=f"{given} {more}".strip(), **unanswered)
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

    @property
    def _own(self) -> Fences:
        assert self._fences is not None
        return self._fences

    def _refuse_stray_lock(self) -> None:
        if session_locks.count(self._ask) != 1 + len(self.pools or ()):
            raise errors.pooled(self._address, "the lock was taken in another session")

    def _take(self, *, wait: bool, on_wait: Callable[[str], None] | None) -> None:
        noticed = time.monotonic() + _NOTICING
        while (held := self._try()) is not None:
            records = self._holders(held)
            refusal = self._refusal(held, records)
            is_ending = bool(records) and all(record.is_gone for record in records)
            is_ending = is_ending and time.monotonic() < noticed
            if not wait and not is_ending:
                raise refusal
            if on_wait is not None and refusal.message != self._reported and not is_ending:
                on_wait(refusal.message)
                self._reported = refusal.message
            pause = 0.02 if is_ending else _POLL_EVERY * random.uniform(0.8, 1.2)  # noqa: S311
            time.sleep(pause)

    def _read(self, statement: str, parameters: Any) -> list[Any]:
        with self._transaction(write=False) as execute:
            return list(execute(statement, parameters))

    def _try(self) -> str | None:
        """Take all locks; or none, and return the pool that another holds, "" for the ledger."""
        return session_locks.take(self._ask, self.pools)

    def _holders(self, held: str) -> list[Record]:
        """Who holds a pool, or the ledger; several builders may share the latter."""
        record = builder_of(self._read, held)
        if record is not None or held or self.pools is not None:
            return [] if record is None else [record]
        found = builders(self._read)
        free = session_locks.unlocked(self._read, found)
        return [record for pool, record in found.items() if pool not in free]

    def _refusal(self, held: str, records: Sequence[Record]) -> BusyError:
        holders = [record.holder for record in records]
        return busy(next(iter(holders), None), held) if held else shared(holders)

    def _take_over(self, fences: Fences) -> None:
        with self._transaction(write=True) as execute:
            self._formers = fences.take_over(execute)
        self._fences = fences

    def _keep(self) -> None:
        while not self._stop.wait(self._times.ping):
            try:
                is_same = self._ping() == self._pid
            except (psycopg.Error, LedgerError):
                is_same = self._is_regained()
            if not is_same:
                self._is_lost = not self._stop.is_set()  # a build that has ended loses nothing
                return

    def _is_regained(self) -> bool:
        """Take the locks again, if nobody was builder since the old session ended."""
        while not self._stop.is_set() and boot_time() < self._confirmed_at + self._times.deadline:
            sent = boot_time()
            is_regained = self._try_again()
            if is_regained:
                self._confirmed_at = sent
            if is_regained is not None:
                return is_regained
            self._stop.wait(_REGAIN_EVERY * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        return False

    def _try_again(self) -> bool | None:
        """Take the locks in a new session; False if another has been builder meanwhile.

        None if the server did not answer, or if another holds a lock and has not taken over: it
        may be about to give it back.
        """
        with suppress(psycopg.Error, LedgerError), ExitStack() as stack:
            self._connection = self._connect()
            stack.callback(self._connection.close)  # lets go of what is not ours
            is_held = self._try() is None
            if not self._is_still_named():
                return False
            self._pid = self._ask(_SESSION)[0]["pid"]
            if is_held:
                stack.pop_all()
                return True
        return None

    def _is_still_named(self) -> bool:
        """Do the rows name us? With the locks in hand: nobody else can write them now."""
        return self._fences is not None and self._fences.is_current(executor(self._connection))

    def _ping(self) -> Any:
        sent = boot_time()
        pid = self._ask(_SESSION)[0]["pid"]
        self._confirmed_at = sent
        return pid

    def _ask(
        self, statement: str, parameters: Mapping[str, Any] = _NONE
    ) -> list[Mapping[str, Any]]:
        try:
            return executor(self._connection)(statement, parameters)
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

"""The session in which a waiting claim is woken, and which shows that the claim is alive.

A transaction that makes an org available, or in which a claim leaves the queue, notifies a channel
of its schema. A waiting claim listens there and need not poll. Notifications may be lost (with the
connection, or when a claim ahead is killed without leaving), so the claim also polls the ledger
every 30 seconds.

The session holds an advisory lock for the place in the queue. The server releases it when the
process has ended, and `SESSION_TIMEOUT` after the last command of a frozen or disconnected one. No
row is written for that. Behind a pooler that shares sessions neither the lock nor LISTEN
works: there claims poll, as on other ledgers.
"""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from provisioner.ledger.base import Waiter
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.connection import Connection, connect, executor
from provisioner.ledger.sql.schema import Execute

POLL_EVERY = 30.0  # seconds, less jitter, without a notification
AGAIN_AFTER = 2.0  # seconds from a notification that gave no org: those ahead may have been killed
SESSION_TIMEOUT = 45.0  # seconds without a command, after which the server ends the session
_LONGEST_NAME = 200  # bytes of a pool's name in a notification, which has room for 8000

_CHANNEL = "'provisioner_' || hashtext(current_schema())"
_NOTIFY = f"SELECT pg_notify({_CHANNEL}, :pool)"
_SESSION = (
    f"SELECT {_CHANNEL} AS channel, pg_backend_pid() AS pid, "  # noqa: S608
    "extract(epoch FROM current_setting('idle_session_timeout')::interval)::float8 AS timeout"
)
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || :waiter, 0))"
_LOCKED = (
    "SELECT id FROM waiter WHERE hashtextextended(current_schema() || ' ' || id, 0) IN ("
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()))"
)
"""The places that are locked: a key of 64 bits is in two columns (postgresql.org, pg_locks)."""


def notify(execute: Execute, pool: str) -> None:
    """Wake the claims that wait for an org of `pool` ("": of any), when the transaction commits."""
    execute(_NOTIFY, {"pool": pool if len(pool.encode()) <= _LONGEST_NAME else ""})


def seen_now(execute: Execute, waiters: Sequence[Waiter], now: datetime) -> list[Waiter]:
    """The waiters; those whose sessions are alive have polled `now`, as it were."""
    locked = {row["id"] for row in execute(_LOCKED, {})}
    return [replace(one, seen_at=now) if one.id in locked else one for one in waiters]


class Listener:
    """The session of one waiting claim."""

    def __init__(self, address: Address, waiter: str) -> None:
        """Open it. Raises psycopg.Error and LedgerError."""
        self._waiter = waiter
        self._pools: set[str] = set()  # of the notifications since the last wait
        self._is_early = False  # the next poll
        self._connection = _connect(address)
        self._connection.add_notify_handler(lambda received: self._pools.add(received.payload))

    def is_pooled(self, others: Execute) -> bool:
        """Whether a pooler shares the session; `others` is a transaction of another one."""
        session = self._ask(_SESSION)
        # A pooler that lends sessions by the transaction has to lend us another one now.
        other = others(_SESSION, {})[0]["pid"]
        again = self._ask(_SESSION)["pid"]
        is_ours = session["timeout"] == SESSION_TIMEOUT and session["pid"] == again
        return not is_ours or bool(other == again)

    def start(self) -> None:
        """Listen, and lock the place in the queue. Raises psycopg.Error."""
        self._connection.execute(f'LISTEN "{self._ask(_SESSION)["channel"]}"'.encode())
        self.keep()

    def keep(self) -> None:
        """Show the server that this process runs. Raises psycopg.Error when the session ended."""
        self._ask(_LOCK, {"waiter": self._waiter})

    def wait(self, pool: str, seconds: float) -> None:
        """Wait for an org of `pool` ("": of any), at most `seconds`, or until the next poll.

        Raises psycopg.Error when the session has ended.
        """
        pause = AGAIN_AFTER if self._is_early else POLL_EVERY
        end = time.monotonic() + min(seconds, pause * random.uniform(0.8, 1.0))  # noqa: S311
        self._is_early = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection.fileno(), selectors.EVENT_READ)
            while not self._is_for(pool) and (left := end - time.monotonic()) > 0:
                if selector.select(left):
                    self._receive()

    def close(self) -> None:
        """End the session, and with it the lock; closing twice does nothing."""
        self._connection.close()

    def _receive(self) -> None:
        """Read what the server has sent. Raises psycopg.Error when the session has ended."""
        server = self._connection.pgconn
        server.consume_input()
        while (received := server.notifies()) is not None:
            self._pools.add(received.extra.decode("utf-8", "replace"))

    def _is_for(self, pool: str) -> bool:
        """Whether a notification is about `pool`; all are forgotten."""
        found = bool(self._pools) if not pool else bool(self._pools & {"", pool})
        self._pools.clear()
        self._is_early = found
        return found

    def _ask(self, statement: str, parameters: dict[str, Any] | None = None) -> Any:
        return executor(self._connection)(statement, parameters or {})[0]


def _connect(address: Address) -> Connection:
    given = address.parameters.get("options", "")
    settings = f"-c idle_session_timeout={SESSION_TIMEOUT * 1000:.0f} -c statement_timeout=5000"
    return connect(address, options=f"{given} {settings}".strip())

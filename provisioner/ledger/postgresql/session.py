"""The connection on which a PostgreSQL ledger works: opened when needed, again when it broke.

Nothing here outlives a transaction (no SET, no prepared statement, no session lock), so that it
also works through a pooler that shares sessions between transactions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from provisioner.errors import LedgerError
from provisioner.ledger.postgresql import errors
from provisioner.ledger.postgresql import schema as postgresql_schema
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.connection import Connection, connect, executor
from provisioner.ledger.sql.schema import Execute
from provisioner.retry import DATABASE, Budget

RETRY_SECONDS = 30.0
"""Seconds for a server that restarts, or has all its connections in use for a moment."""

_START = (
    b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
    b"SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = '30s'; "
    # A process that is frozen in a transaction does not keep its row locks.
    b"SET LOCAL idle_in_transaction_session_timeout = '10s'"
)
"""One message, one round trip."""


class Session:
    """One connection, for one thread at a time; a process that was forked opens its own."""

    def __init__(self, address: Address, *, retry_seconds: float) -> None:
        """Opens it. Raises LedgerError."""
        self.address = address
        self._retry_seconds = retry_seconds
        self._inherited: list[Connection] = []
        self._connection = self._open(is_first=True)

    def close(self) -> None:
        """Give the connection back; closing twice does nothing."""
        if self._pid == os.getpid():
            self._connection.close()

    def read(self, statement: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """One statement that changes nothing, repeated when the connection breaks."""
        budget = Budget(DATABASE, seconds=self._retry_seconds)
        while True:
            connection = self._live()
            try:
                with self._translating(connection):
                    return executor(connection)(statement, parameters)
            except errors.UndoneError as error:
                if not budget.wait(error.message):
                    raise

    @contextmanager
    def write(self) -> Iterator[Execute]:
        """A transaction, committed at the end of the block.

        Raises UndoneError when the connection breaks or others are in the way, and
        UncertainError when it breaks at the commit.
        """
        connection = self._start()
        try:
            with self._translating(connection):
                yield executor(connection)
            self._commit(connection)
        finally:
            if not connection.closed and connection.info.transaction_status != _IDLE:
                _roll_back(connection)

    def _open(self, *, is_first: bool = False) -> Connection:
        """Connect; retry while the server restarts or has no free connection.

        A name that is not known is waited for only when it was known before.
        """
        self._pid = os.getpid()
        budget = Budget(DATABASE, seconds=self._retry_seconds)
        while True:
            try:
                return self._try_to_open()
            except LedgerError as failure:
                passes = isinstance(failure, errors.UndoneError) or (
                    not is_first and failure.code == "ledger_unreachable"
                )
                if not passes or not budget.wait(failure.message):
                    raise

    def _try_to_open(self) -> Connection:
        try:
            connection = connect(self.address)
        except psycopg.Error as error:
            raise errors.of_connecting(error, self.address) from None
        try:
            with self._translating(connection):
                postgresql_schema.prepare(connection, executor(connection), self.address.name)
        except BaseException:
            connection.close()
            raise
        return connection

    def _live(self) -> Connection:
        if self._pid != os.getpid():
            self._inherited.append(self._connection)  # the parent's: not even to be closed
            self._connection = self._open()
        elif self._connection.closed:
            self._connection = self._open()
        return self._connection

    def _start(self) -> Connection:
        """Start a transaction; a connection that broke while it was idle is opened anew."""
        budget = Budget(DATABASE, seconds=self._retry_seconds)
        while True:
            connection = self._live()
            try:
                with self._translating(connection):
                    connection.execute(_START)
                    return connection
            except errors.UndoneError as error:
                if not budget.wait(error.message):
                    raise

    def _commit(self, connection: Connection) -> None:
        try:
            answer = connection.execute(b"COMMIT").statusmessage
        except psycopg.Error as error:
            if errors.is_loss(error, connection):
                connection.close()
                raise errors.uncertain(self.address) from None
            raise errors.of_statement(error, self.address) or error from None
        if answer != "COMMIT":  # a statement had failed, and its caller had not noticed
            raise LedgerError(
                f"the ledger {self.address.name} rolled back a change",
                code="ledger",
                hint="try again",
            )

    @contextmanager
    def _translating(self, connection: Connection) -> Iterator[None]:
        """Turns what psycopg raises about the server into LedgerError; our own mistakes pass."""
        try:
            yield
        except psycopg.Error as error:
            if errors.is_loss(error, connection):
                connection.close()
                raise errors.lost(self.address) from None
            in_words = errors.of_statement(error, self.address)
            if in_words is None:
                raise
            raise in_words from None


_IDLE = psycopg.pq.TransactionStatus.IDLE


def _roll_back(connection: Connection) -> None:
    try:
        with suppress(psycopg.Error):
            connection.execute(b"ROLLBACK")
    finally:
        if not connection.closed and connection.info.transaction_status != _IDLE:
            connection.close()

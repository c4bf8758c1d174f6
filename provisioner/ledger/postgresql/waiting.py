"""The claims of this process that wait on PostgreSQL: each has a session, or polls without one."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import psycopg

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim, Org, Waiter
from provisioner.ledger.postgresql.listener import Listener, notify, seen_now
from provisioner.ledger.postgresql.retrying import RetryingLedger
from provisioner.ledger.sql.schema import Execute

_POOLER = "unsupported startup parameter"  # of PgBouncer, about the settings of the session


class WaitingLedger(RetryingLedger):
    """The part of the ledger's contract that is about waiting."""

    _listeners: dict[str, Listener]
    _can_listen: bool  # until a pooler is found

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """As in `RetryingLedger`; a claim that waits listens before it reads the rows."""
        if claim.waiter and self._can_listen and not self._is_listening(claim.waiter):
            self._listen(claim.waiter)
        return super().claim(claim, now=now)

    def wait(self, claim: Claim, seconds: float) -> None:
        """Wait until a notification says that there may be an org; without a session, one poll."""
        if listener := self._listeners.get(claim.waiter):
            try:
                listener.wait(claim.pool, seconds)
                return
            except psycopg.Error:  # the session has ended: the claim opens another one
                self._stop_listening(claim.waiter)
        super().wait(claim, seconds)

    def leave(self, waiter: str) -> None:
        """Leave the queue, and end the session."""
        try:
            super().leave(waiter)
        finally:
            self._stop_listening(waiter)

    def _is_listening(self, waiter: str) -> bool:
        """Whether the session is alive, which the server sees by this question, too."""
        listener = self._listeners.get(waiter)
        if listener is None:
            return False
        try:
            listener.keep()
        except psycopg.Error:
            self._stop_listening(waiter)
            return False
        return True

    def _listen(self, waiter: str) -> None:
        """Open the session; where that is not possible now, the claim polls until it is."""
        with suppress(psycopg.Error, LedgerError):
            try:
                listener = Listener(self.address, waiter)
            except psycopg.Error as error:
                self._can_listen = _POOLER not in str(error)
                raise
            try:
                with self._transaction(write=True) as execute:
                    self._can_listen = not listener.is_pooled(execute)
                if self._can_listen:
                    listener.start()
                    self._listeners[waiter] = listener
            finally:
                if waiter not in self._listeners:
                    listener.close()

    def _stop_listening(self, waiter: str) -> None:
        listener = self._listeners.pop(waiter, None)
        if listener is not None:
            listener.close()

    def _queue(self, execute: Execute) -> list[Waiter]:
        """As in `SqlQueue`; a session that is alive counts as a poll at this moment."""
        found = super()._queue(execute)
        return seen_now(execute, found, self._moment(execute)) if found else []

    def _seen_at(self, claim: Claim, now: datetime) -> datetime:
        """Of a claim that listens so long ago that its session alone shows that it is alive."""
        is_listening = claim.waiter in self._listeners
        return now - timedelta(seconds=self.polling.abandoned_after + 1) if is_listening else now

    def _announce(self, execute: Execute, pool: str) -> None:
        notify(execute, pool)

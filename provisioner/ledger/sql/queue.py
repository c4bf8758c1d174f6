"""The queue of those who wait, in the tables of an SQL ledger."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from provisioner.ledger.base import Claim, Waiter
from provisioner.ledger.queue import FORGOTTEN_AFTER, Polling, ahead_of
from provisioner.ledger.rows import readable, waiter_from, waiter_parameters
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.schema import Execute

_OUTDATED = timedelta(minutes=1)


class SqlQueue(ABC):
    """The part of the ledger's contract that is about waiting."""

    polling: ClassVar[Polling] = Polling(poll_every=1.0, abandoned_after=10.0)

    @property
    def poll_every(self) -> float:
        """Seconds between two polls of one who waits."""
        return self.polling.poll_every

    def waiters(self) -> list[Waiter]:
        """Those who wait for an org, in the order in which they are served."""
        with self._transaction(write=False) as execute:
            found = self._queue(execute)
            if not found:
                return []
            now = self._moment(execute)
        return [waiter for waiter in found if self.polling.is_active(waiter, now)]

    def leave(self, waiter: str) -> None:
        """Give up a place in the queue; that it is gone already is fine."""
        with self._transaction(write=True) as execute:
            for row in execute(statements.FORGET_WAITER, {"id": waiter}):
                self._announce(execute, row["pool"])

    def wait(self, claim: Claim, seconds: float) -> None:  # noqa: ARG002 - one poll for all
        """Wait until the next poll of a waiting claim, at most `seconds`."""
        self.polling.wait(seconds)

    def _those_before(self, execute: Execute, claim: Claim) -> list[Waiter]:
        """Who is served before `claim`, which takes its place, or shows that it keeps it."""
        found = self._queue(execute)
        if not found and not claim.waiter:
            return []
        now = self._moment(execute)
        if claim.waiter:
            self._show(execute, claim, found, now)
        return ahead_of(claim, found, self.polling, now)

    def _queue(self, execute: Execute) -> list[Waiter]:
        """The whole queue, abandoned claims included."""
        return readable(execute(statements.WAITERS, {}), waiter_from)

    def _show(self, execute: Execute, claim: Claim, found: list[Waiter], now: datetime) -> None:
        """Join, with what is long abandoned removed; or say now and then that one is there."""
        own = next((waiter for waiter in found if waiter.id == claim.waiter), None)
        if own is None:
            for waiter in found:
                if now - waiter.seen_at > FORGOTTEN_AFTER:
                    execute(statements.FORGET_WAITER, {"id": waiter.id})
            own = Waiter(claim.waiter, claim, since=now, seen_at=now)
        elif not self.polling.needs_update(own, now) and not _differs(own.claim, claim):
            return
        own = replace(own, claim=claim, seen_at=self._seen_at(claim, now))
        execute(statements.SHOW_WAITER, waiter_parameters(own))

    def _seen_at(self, claim: Claim, now: datetime) -> datetime:  # noqa: ARG002 - all poll
        """The time of a poll `now` as it is written."""
        return now

    def _announce(self, execute: Execute, pool: str) -> None:  # noqa: B027 - where all poll
        """An org of `pool` may be there for a waiting claim ("": of any) after the commit."""

    @abstractmethod
    def _moment(self, execute: Execute) -> datetime:
        """Now, by the clock that all who use the ledger share."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""


def _differs(written: Claim, claim: Claim) -> bool:
    """Whether the claim asks for a much longer life than the others see: it counts from now."""
    if written.usable_until is None or claim.usable_until is None:
        return written.usable_until is not claim.usable_until
    return abs(claim.usable_until - written.usable_until) > _OUTDATED

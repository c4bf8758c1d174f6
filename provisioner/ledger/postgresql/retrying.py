"""Writes to a PostgreSQL ledger outlive its restart: made again, or found to have been made."""

from __future__ import annotations

import random
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim, Org, Run, State
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.hub_counts import Caps, Left, Reading, Shortage
from provisioner.ledger.postgresql.address import Address
from provisioner.ledger.postgresql.errors import UncertainError, UndoneError, lost
from provisioner.ledger.rows import event_from, org_from, readable
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.ledger import SqlLedger
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sql.together import Request
from provisioner.retry import DATABASE, Budget

T = TypeVar("T")


class RetryingLedger(SqlLedger):
    """The contract of a ledger whose connection may break at any moment.

    A transaction that was undone is made again. Where the commit was not answered, what may be
    done twice is done again, and for the rest the row tells what came of it.
    """

    address: Address
    _retry_seconds: float
    _mutex: threading.RLock
    _written: list[Org]  # by the current transaction

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Clears `_written` at its beginning."""

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """As in `SqlLedger`, and again when the connection breaks or others are in the way."""
        request = self._shared(claim, now)
        if request.is_served:
            return request.org
        give_up = time.monotonic() + self._retry_seconds
        return self._again(
            lambda: self._claim_for_certain(request, give_up),
            is_repeatable=bool(claim.idempotency_key),
        )

    def add(self, org: Org) -> None:
        """As in `SqlLedger`, and again when the connection breaks."""

        def add() -> None:
            try:
                super(RetryingLedger, self).add(org)
            except ValueError:
                if not tries or self.get(org.username) != org:
                    raise
            finally:
                tries.append(1)

        tries: list[int] = []  # an earlier one may have been written, and its answer lost
        self._again(add, is_repeatable=True)

    def intend(self, org: Org, caps: Caps) -> Shortage | None:
        """As in `SqlLedger`, and again when the connection breaks."""

        def intend() -> Shortage | None:
            if tries and self.get(org.username) == org:
                return None  # an earlier one was written, and its answer lost
            tries.append(1)
            return super(RetryingLedger, self).intend(org, caps)

        tries: list[int] = []
        return self._again(intend, is_repeatable=True)

    def start_reading(self, hub: str) -> Reading:
        """As in `SqlLedger`, and again when the connection breaks: a number may be left out."""
        return self._again(
            lambda: super(RetryingLedger, self).start_reading(hub), is_repeatable=True
        )

    def record_reading(
        self, reading: Reading, *, daily: int, active: int, known: Collection[str] = ()
    ) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""

        def record() -> None:
            super(RetryingLedger, self).record_reading(
                reading, daily=daily, active=active, known=known
            )

        self._again(record, is_repeatable=True)

    def left(self, hub: str, pools: Collection[str]) -> Left:
        """As in `SqlLedger`, and again when the connection breaks."""
        return self._again(lambda: super(RetryingLedger, self).left(hub, pools), is_repeatable=True)

    def hold(self, orgs: Collection[Org], until: datetime | None) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        self._again(lambda: super(RetryingLedger, self).hold(orgs, until), is_repeatable=True)

    def release_slots(self, pools: Collection[str]) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        self._again(lambda: super(RetryingLedger, self).release_slots(pools), is_repeatable=True)

    def restore(self, org: Org, *, note: str) -> bool:
        """As in `SqlLedger`, and again when the connection breaks before it is written."""
        return self._again(lambda: super(RetryingLedger, self).restore(org, note=note))

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """As in `SqlLedger`, and again when the connection breaks."""
        return self._again(
            lambda: self._swapped(
                lambda: super(RetryingLedger, self).move(org, to, note=note, **changes), org
            )
        )

    def change(self, org: Org, *, note: str = "", **changes: Any) -> Org | None:
        """As in `SqlLedger`, and again when the connection breaks."""
        return self._again(
            lambda: self._swapped(
                lambda: super(RetryingLedger, self).change(org, note=note, **changes), org
            )
        )

    def adopt(self, run: str, pools: Collection[str] | None = None) -> list[Org]:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        return self._again(
            lambda: super(RetryingLedger, self).adopt(run, pools), is_repeatable=True
        )

    def leave(self, waiter: str) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        self._again(lambda: super(RetryingLedger, self).leave(waiter), is_repeatable=True)

    def _start_run(self, run: Run) -> None:
        self._again(lambda: super(RetryingLedger, self)._start_run(run), is_repeatable=True)

    def finish_run(self, run: Run) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        self._again(lambda: super(RetryingLedger, self).finish_run(run), is_repeatable=True)

    def _prune_batch(self, before: datetime) -> bool:
        return self._again(
            lambda: super(RetryingLedger, self)._prune_batch(before), is_repeatable=True
        )

    def record_facts(self, subject: str, facts: HubFacts) -> None:
        """As in `SqlLedger`, and again when the connection breaks: twice is as good as once."""
        self._again(
            lambda: super(RetryingLedger, self).record_facts(subject, facts), is_repeatable=True
        )

    def _again(self, act: Callable[[], T], *, is_repeatable: bool = False) -> T:
        """What `act` gives, done again when the connection broke and nothing was changed.

        `is_repeatable`: also when it is unknown whether it was.
        """
        budget = Budget(DATABASE, seconds=self._retry_seconds)
        while True:
            try:
                with self._mutex:
                    return act()
            except (UndoneError, UncertainError) as error:
                may_repeat = is_repeatable or isinstance(error, UndoneError)
                if not may_repeat or not budget.wait(error.message):
                    raise

    def _swapped(self, swap: Callable[[], Org | None], seen: Org) -> Org | None:
        """Compare-and-swap; where the commit was not answered, the row tells what came of it."""
        try:
            return swap()
        except UncertainError:
            if not self._written:
                raise lost(self.address) from None  # there was nothing to commit
            written = self._written[-1]
            with self._transaction(write=True) as execute:  # locked: the old one has ended by now
                rows = execute(statements.ORG + " FOR UPDATE", {"username": seen.username})
            found = org_from(rows[0]) if rows else None
            if found == written:
                return written
            if found == seen:
                raise lost(self.address) from None
            raise

    def _claim_for_certain(self, request: Request, give_up: float) -> Org | None:
        """Claim; where the commit was not answered, find out what became of it."""
        claim, now = request.claim, request.now
        error, request.error = request.error, None  # of the transaction that it shared, once
        if not isinstance(error, UncertainError):
            try:
                return self._claim_alone(claim, now)
            except UncertainError as uncertain:
                error, request.org = uncertain, self._written[-1] if self._written else None
        if claim.idempotency_key:
            raise error  # to repeat the key is certain by itself
        if request.org is None:
            raise lost(self.address)  # there was nothing to commit
        while (is_done := self._is_done(request.org, claim, now)) is None:
            if time.monotonic() >= give_up:
                raise error
            _pause()
        if not is_done:
            raise lost(self.address)
        return request.org

    def _is_done(self, written: Org, claim: Claim, now: datetime) -> bool | None:
        """Did the claim whose commit was not answered take place? None when that cannot be seen.

        Its row is locked first, so that the old transaction has ended by then. Its event tells
        it from another claim of the same owner.
        """
        parameters = {"username": written.username, "run": ""}
        try:
            with self._transaction(write=True) as execute:
                execute(statements.ORG + " FOR UPDATE", parameters)
                events = readable(execute(statements.EVENTS_OF_ORG, parameters), event_from)
        except LedgerError:
            return None
        return any(
            (event.to_state, event.at, event.note) == (State.CLAIMED, now, claim.owner)
            for event in events
        )

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


def _pause() -> None:
    time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter

"""Claims on an SQL ledger; those that threads of one process make at the same time share a commit.

Flushing a commit to the disk takes longer than the claim itself. A thread that gets the connection
therefore serves all claims that wait for it, in one transaction, and none is answered before the
commit. A claim that would have to wait for another process, or that is in the queue, has a
transaction of its own.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Any, ClassVar

from provisioner.errors import LedgerError
from provisioner.ledger import changes as changes_of
from provisioner.ledger.base import Claim, Org, State, Waiter
from provisioner.ledger.queue import left_for, matches
from provisioner.ledger.rows import org_from, time_text
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.queue import SqlQueue
from provisioner.ledger.sql.repair import SqlRepair
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sql.together import Request, Together

_DOES_NOT_WAIT = Claim("")
_LOSSES = 5  # orgs lost to others, who saw no queue yet, before a claim gives up


class SqlClaims(SqlQueue, SqlRepair, ABC):
    """The part of the ledger's contract that gives orgs to owners."""

    row_locks: ClassVar[tuple[str, ...]] = ("",)
    """Finds an org to claim: each is appended to CANDIDATES, until one finds a row. The first waits
    for no other process."""

    _mutex: threading.RLock

    def __init__(self) -> None:
        self._together = Together()

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """Claim one available org that fulfils `claim`, least remaining life first.

        The same idempotency key answers with the org that it already holds, its lease
        extended when this claim asks for a later end.
        """
        request = self._shared(claim, now)
        return request.org if request.is_served else self._claim_alone(claim, now)

    def _shared(self, claim: Claim, now: datetime) -> Request:
        """The claim, served if other threads claim as well; else it needs `_claim_alone`."""
        request = Request(claim, now)
        if claim.waiter:
            return request
        if self._together.is_inherited:
            self._together = Together()
        try:
            self._together.add(request, self._lead)
        except BaseException:
            self._withdraw(request)
            raise
        return request

    def _lead(self, take: Callable[[], Sequence[Request]]) -> None:
        with self._mutex:  # while others use the connection, more requests come
            self._serve(take())

    def _serve(self, requests: Sequence[Request]) -> None:
        """Serve several requests in one transaction; an error leaves them to their own threads."""
        if len(requests) < 2:
            return
        answers: dict[Request, Org | None] = {}
        failure: BaseException | None = None
        try:
            with self._transaction(write=True) as execute:
                self._claim_each(execute, requests, answers)
        except BaseException as error:
            failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            for request in requests:
                request.org, request.error = answers.get(request), failure

    def _claim_each(
        self, execute: Execute, requests: Sequence[Request], answers: dict[Request, Org | None]
    ) -> None:
        """Claim what is free, in the order of keys, in which every process locks them."""
        if self._those_before(execute, _DOES_NOT_WAIT):
            return
        pools: dict[str, list[Request]] = {}
        keys: set[str] = set()
        for request in sorted(requests, key=lambda one: one.claim.idempotency_key):
            key = request.claim.idempotency_key
            if key and key in keys:
                continue  # it gets the org of the first one, after the commit
            keys.add(key)
            held = self._held(execute, request.claim, request.now)
            if held is not None:
                answers[request] = self._extended(execute, held, request.claim)
            elif not request.claim.username:
                pools.setdefault(request.claim.pool, []).append(request)
        for group in pools.values():
            free = self._free(execute, group)
            for request in group:
                claim, now = request.claim, request.now
                org = next((org for org in free if matches(org, claim, now)), None)
                if org is not None:
                    free.remove(org)
                    answers[request] = self._take(execute, org, claim, now)

    def _free(self, execute: Execute, group: Sequence[Request]) -> list[Org]:
        """As many orgs of a pool as there are claims, without waiting for another process."""
        least = min(group, key=lambda one: one.claim.usable_until or one.now)
        parameters = _wish(least.claim, least.now, most=len(group))
        rows = execute(statements.CANDIDATES + self.row_locks[0], parameters)
        return [org for row in rows if (org := self._org(row)) is not None]

    def _withdraw(self, request: Request) -> None:
        """The thread of the request was interrupted: nobody gets the org that it was given."""
        with self._mutex:  # until who is serving it has ended
            pass
        if request.is_served and request.org is not None and not request.claim.idempotency_key:
            changes: dict[str, Any] = {**dict.fromkeys(("owner", "purpose", "team", "lender"), "")}
            changes["lease_until"] = None
            note = f"claim cancelled: {request.claim.owner} did not get its result"
            with suppress(LedgerError):  # the interruption is what counts
                self.move(request.org, State.AVAILABLE, note=note, **changes)

    def _claim_alone(self, claim: Claim, now: datetime) -> Org | None:
        """Claim in a transaction of its own."""
        with self._transaction(write=True) as execute:
            held = self._held(execute, claim, now)
            if held is not None:
                return self._extended(execute, held, claim)
            before = self._those_before(execute, claim)
            if before and not claim.is_entitled:
                return self._claim_after(execute, before, claim, now)
            candidate = self._candidate(execute, claim, now)
            return candidate and self._take(execute, candidate, claim, now)

    def _take_turns(self, execute: Execute, idempotency_key: str) -> None:
        """Let no other transaction with this key run beside ours, where several write at once."""

    def _held(self, execute: Execute, claim: Claim, now: datetime) -> Org | None:
        if not claim.idempotency_key:
            return None
        self._take_turns(execute, claim.idempotency_key)
        parameters = {"idempotency_key": claim.idempotency_key, "now": time_text(now)}
        rows = execute(statements.HELD, parameters)
        return org_from(rows[0]) if rows else None

    def _claim_after(
        self, execute: Execute, before: list[Waiter], claim: Claim, now: datetime
    ) -> Org | None:
        """Claim what those before us leave."""
        for _ in range(_LOSSES):
            left = left_for(claim, before, self._orgs(execute, [State.AVAILABLE]), now)
            if not left:
                return None
            if (org := self._take(execute, left[0], claim, now)) is not None:
                return org
        return None

    def _take(self, execute: Execute, org: Org, claim: Claim, now: datetime) -> Org | None:
        changed = changes_of.claimed(org, claim)
        return self._write(execute, org, changed, note=claim.owner, at=now)

    def _extended(self, execute: Execute, held: Org, claim: Claim) -> Org | None:
        changed = changes_of.extended(held, claim)
        return held if changed is None else self._write(execute, held, changed)

    def _candidate(self, execute: Execute, claim: Claim, now: datetime) -> Org | None:
        parameters = _wish(claim, now, most=1)
        for row_lock in self.row_locks:
            while rows := execute(statements.CANDIDATES + row_lock, parameters):
                if (org := self._org(rows[0])) is not None:
                    return org
                parameters["skipped"] += f"{rows[0]['number']},"
        return None

    @abstractmethod
    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """Compare-and-swap of the state."""

    @abstractmethod
    def _orgs(self, execute: Execute, states: Sequence[State], pool: str = "") -> list[Org]:
        """Rows in any of `states`."""

    @abstractmethod
    def _write(
        self,
        execute: Execute,
        seen: Org,
        changed: Org,
        *,
        note: str = "",
        at: datetime | None = None,
    ) -> Org | None:
        """Compare-and-swap of a row."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""


def _wish(claim: Claim, now: datetime, *, most: int) -> dict[str, Any]:
    """The parameters of CANDIDATES."""
    return {
        "pool": claim.pool,
        "username": claim.username,
        "usable_until": time_text(claim.usable_until) or "",
        "now": time_text(now),
        "skipped": ",",
        "most": most,
    }

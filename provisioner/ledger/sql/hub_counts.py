"""Sign-ups of all builds on one Dev Hub, counted and inserted in one transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from provisioner.ledger.base import Org
from provisioner.ledger.hub_counts import (
    CONCURRENT,
    LONGEST_PAUSE,
    Caps,
    Counts,
    Figures,
    Left,
    Reading,
    Shortage,
    is_turn_of_others,
    waits,
    waits_no_more,
)
from provisioner.ledger.hub_counts import left as left_of
from provisioner.ledger.hub_counts import shortage as shortage_of
from provisioner.ledger.rows import time_text
from provisioner.ledger.sql import hub_statements, statements
from provisioner.ledger.sql.schema import Execute

_KEY = "hub "


class SqlHubCounts(ABC):
    """The part of the ledger's contract that is about the limits of Dev Hubs."""

    _clock: Callable[[], datetime]

    hub_lock: ClassVar[str] = ""
    """Appended to the statement that reads the row of a Dev Hub, where several write at once."""

    def intend(self, org: Org, caps: Caps) -> Shortage | None:
        """Insert a new row unless a limit of its Dev Hub forbids it, committed on return."""
        with self._transaction(write=True) as execute:
            figures = self._figures(execute, org.hub)
            counts = self._counts(
                execute, figures, org.hub, [org.pool], run=org.builder_id, since=caps.since
            )
            shortage = shortage_of(figures, counts, caps) or self._turn(figures, counts, caps, org)
            self._keep_turn(execute, figures, org, shortage, counts.own)
            if shortage is not None:
                return shortage
            if counts.held:
                now = time_text(self._clock())
                execute(hub_statements.USE_SLOT, {"hub": org.hub, "pool": org.pool, "now": now})
            self._insert(execute, org)
            return None

    def start_reading(self, hub: str) -> Reading:
        """Before the limits of a Dev Hub are requested: which sign-ups they may not contain."""
        with self._transaction(write=True) as execute:
            figures = self._figures(execute, hub)
            begun = replace(figures, begun=figures.begun + 1)
            execute(statements.SET_META, {"key": _KEY + hub, "value": begun.text()})
            (last,) = execute(hub_statements.LAST_ORG, {})
            rows = execute(hub_statements.UNCONFIRMED, {"hub": hub})
            names = tuple(str(row["username"]) for row in rows)
            return Reading(hub, begun.begun, last["number"], names)

    def record_reading(
        self, reading: Reading, *, daily: int, active: int, known: Collection[str] = ()
    ) -> None:
        """Store what remained on the Dev Hub. A reading that was requested later stays."""
        with self._transaction(write=True) as execute:
            figures = self._figures(execute, reading.hub)
            if reading.number <= figures.stored:
                return
            now = time_text(self._clock())
            parameters = {"hub": reading.hub, "last": reading.last, "now": now}
            execute(hub_statements.COUNT_ORGS, parameters)
            for username in set(reading.unconfirmed).difference(known):
                execute(hub_statements.UNCOUNT_ORG, {"username": username})
            (slots,) = execute(hub_statements.SLOTS, {"hub": reading.hub})
            stored = replace(
                figures,
                stored=reading.number,
                daily=daily,
                active=active,
                slots=slots["slots"],
                last=reading.last,
            )
            execute(statements.SET_META, {"key": _KEY + reading.hub, "value": stored.text()})

    def left(self, hub: str, pools: Collection[str]) -> Left:
        """What the stored reading leaves for new orgs of `pools`; `keep_*` is not subtracted."""
        with self._transaction(write=True) as execute:
            figures = self._figures(execute, hub)
            return left_of(figures, self._counts(execute, figures, hub, pools))

    def hold(self, orgs: Collection[Org], until: datetime | None) -> None:
        """Keep the slots of orgs that are about to be deleted for their pools."""
        with self._transaction(write=True) as execute:
            for org in orgs:
                values = {"username": org.username, "until": time_text(until) or ""}
                execute(hub_statements.HOLD_SLOT, values)

    def release_slots(self, pools: Collection[str]) -> None:
        """No build of `pools` needs the slots that were kept for them any more."""
        with self._transaction(write=True) as execute:
            for pool in pools:
                execute(hub_statements.RELEASE_SLOTS, {"pool": pool})

    def _turn(self, figures: Figures, counts: Counts, caps: Caps, org: Org) -> Shortage | None:
        oldest = time_text(self._clock() - LONGEST_PAUSE) or ""
        is_others = is_turn_of_others(figures, counts, caps, org.builder_id, oldest)
        return Shortage(CONCURRENT) if is_others else None

    def _keep_turn(
        self, execute: Execute, figures: Figures, org: Org, shortage: Shortage | None, own: int
    ) -> None:
        """Store that a builder waits for a place, or does not any more."""
        if shortage is not None and shortage.limit == CONCURRENT:
            after = waits(figures, org.builder_id, time_text(self._clock()) or "", own)
        else:
            after = waits_no_more(figures, org.builder_id)
        if after is not figures:
            execute(statements.SET_META, {"key": _KEY + org.hub, "value": after.text()})

    def _figures(self, execute: Execute, hub: str) -> Figures:
        """The figures of a Dev Hub, whose row is locked until the transaction ends."""
        parameters = {"key": _KEY + hub, "value": Figures().text()}
        rows = execute(statements.META + self.hub_lock, parameters)
        if not rows:
            execute(statements.ADD_META, parameters)
            rows = execute(statements.META + self.hub_lock, parameters)
        return Figures.from_text(str(rows[0]["value"]))

    def _counts(
        self,
        execute: Execute,
        figures: Figures,
        hub: str,
        pools: Collection[str],
        *,
        run: str = "",
        since: datetime | None = None,
    ) -> Counts:
        """Counted by a statement after the lock of the row: it sees what others committed."""
        parameters: dict[str, Any] = {
            "hub": hub,
            "run": run,
            "pools": "".join(f",{pool}" for pool in pools) + ",",
            "since": time_text(since) or "",
            "now": time_text(self._clock()),
            "last": figures.last,
        }
        return Counts.of(execute(hub_statements.COUNTS, parameters)[0])

    @abstractmethod
    def _insert(self, execute: Execute, org: Org) -> None:
        """Insert a new row and its first event."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits at the end of the block; rolls back when it raises."""

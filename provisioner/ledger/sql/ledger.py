"""A ledger on an SQL database: everything but the connection and the builder's lock."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from provisioner.ledger import changes as changes_of
from provisioner.ledger.base import LIVE, UNFINISHED, Event, Org, Run, State
from provisioner.ledger.broken import BrokenRows
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.rows import (
    event_from,
    event_parameters,
    org_from,
    org_parameters,
    readable,
    run_from,
    run_parameters,
    utc_now,
)
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.claims import SqlClaims
from provisioner.ledger.sql.history import SqlHistory
from provisioner.ledger.sql.hub_counts import SqlHubCounts
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sql.transfer import SqlContents, facts_key


class SqlLedger(SqlContents, SqlClaims, SqlHistory, SqlHubCounts):
    """The contract of `provisioner.ledger.base.Ledger` over `_transaction`.

    Each public method is one transaction. `clock` dates the events.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__()
        self._clock = clock
        self._run = ""  # the run whose builder lock this object holds
        self._broken = BrokenRows()

    @property
    def api_calls(self) -> Mapping[str, int]:
        """None: a database is not Salesforce."""
        return {}

    def now(self) -> datetime:
        """This moment by the clock that all who use the ledger share."""
        with self._transaction(write=False) as execute:
            return self._moment(execute)

    @abstractmethod
    def unlocked(self, pools: Iterable[str]) -> set[str]:
        """Those of `pools` that no other build holds now."""

    def verify_lock(self) -> None:
        """Nothing to verify: the operating system keeps the lock of a frozen process."""

    @abstractmethod
    def _locked(
        self,
        run: Run,
        pools: Collection[str] | None,
        *,
        wait: bool,
        on_wait: Callable[[str], None] | None,
    ) -> AbstractContextManager[None]:
        """The locks of `pools`, or of the whole ledger; writes stop when they are lost."""

    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """The lock of the whole ledger, without a record of the run: no build is in the block."""
        return self._locked(run, None, wait=wait, on_wait=on_wait)

    @contextmanager
    def builder_lock(
        self,
        run: Run,
        *,
        pools: Collection[str] | None = None,
        wait: bool,
        on_wait: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Held for a whole build; raises BusyError (which pool, who, since when) when held.

        With `wait` it waits instead, and tells `on_wait` for whom, again when that changes.
        """
        with self._locked(run, pools, wait=wait, on_wait=on_wait):
            self._start_run(run)
            yield

    def add(self, org: Org) -> None:
        """Insert a new row and its first event.

        Raises ValueError when the state is not `intended`, or the username is there already.
        """
        with self._transaction(write=True) as execute:
            self._insert(execute, org)

    def restore(self, org: Org, *, note: str) -> bool:
        """Insert a row in whatever state it is, with an event; False when there is one already."""
        with self._transaction(write=True) as execute:
            if not execute(statements.ADD_ORG, org_parameters(org)):
                return False
            self._record(execute, org, note=note)
            if org.state is State.AVAILABLE:
                self._announce(execute, org.pool)
            return True

    def get(self, username: str) -> Org | None:
        """The row of one username, however its letters are capitalised."""
        with self._transaction(write=False) as execute:
            rows = execute(statements.ORG, {"username": username})
        return org_from(rows[0]) if rows else None

    def orgs(self, *, pool: str = "", states: Iterable[State] = LIVE) -> list[Org]:
        """Rows in any of `states`, oldest first; of one pool when given."""
        with self._transaction(write=False) as execute:
            return self._orgs(execute, states, pool)

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """Move `org` to another state with `changes`; None when the row changed meanwhile.

        A row that is finished has no builder any more. Raises ValueError for a move that
        `MOVES` does not allow.
        """
        changed = changes_of.moved(org, to, changes)
        with self._transaction(write=True) as execute:
            return self._write(execute, org, changed, note=note, at=self._clock())

    def change(self, org: Org, *, note: str = "", **changes: Any) -> Org | None:
        """Change fields without changing the state; None when the row changed meanwhile.

        With `note`, there is an event, from the state to itself.
        """
        changed = changes_of.changed(org, changes, to=org.state)
        with self._transaction(write=True) as execute:
            return self._write(execute, org, changed, note=note, at=self._clock() if note else None)

    def adopt(self, run: str, pools: Collection[str] | None = None) -> list[Org]:
        """Make `run` the builder of the unfinished rows of `pools`, by default of all pools."""

        def unfinished() -> list[Org]:
            rows = self._orgs(execute, UNFINISHED)
            return [org for org in rows if pools is None or org.pool in pools]

        with self._transaction(write=True) as execute:
            for org in unfinished():
                if org.builder_id != run:
                    adopted = changes_of.changed(org, {"builder_id": run}, to=org.state)
                    note = f"adopted from {org.builder_id or 'nobody'}"
                    self._write(execute, org, adopted, note=note, at=self._clock())
            return unfinished()

    def finish_run(self, run: Run) -> None:
        """Record when a run ended (now, when `run` does not say) and its summary."""
        finished = replace(run, finished_at=run.finished_at or self._clock())
        with self._transaction(write=True) as execute:
            execute(statements.FINISH_RUN, run_parameters(finished))

    def runs(self, *, limit: int = 20) -> list[Run]:
        """The newest runs first."""
        with self._transaction(write=False) as execute:
            return readable(execute(statements.RUNS, {"limit": limit}), run_from)

    def events(self, *, username: str = "", run: str = "") -> list[Event]:
        """Transitions in order, of one org or one run."""
        with self._transaction(write=False) as execute:
            parameters = {"username": username, "run": run}
            rows = execute(statements.events_of(username, run), parameters)
        return readable(rows, event_from)

    def note(self, event: Event) -> None:
        """Add an event that changes no row."""
        with self._transaction(write=True) as execute:
            execute(statements.ADD_EVENT, event_parameters(event))

    def facts(self, subject: str) -> HubFacts:
        """What is known of a Dev Hub; unknown facts without a row."""
        with self._transaction(write=False) as execute:
            rows = execute(statements.META, {"key": facts_key(subject)})
        return HubFacts.from_text(rows[0]["value"]) if rows else HubFacts()

    def record_facts(self, subject: str, facts: HubFacts) -> None:
        """Write the facts of a Dev Hub in place of the earlier ones."""
        with self._transaction(write=True) as execute:
            execute(statements.SET_META, {"key": facts_key(subject), "value": facts.text()})

    def _insert(self, execute: Execute, org: Org) -> None:
        if org.state is not State.INTENDED:
            raise ValueError(f"a new row is intended, not {org.state}")
        if not execute(statements.ADD_ORG, org_parameters(org)):
            raise ValueError(f"the ledger has a row for {org.username} already")
        self._record(execute, org, note="")

    def _start_run(self, run: Run) -> None:
        with self._transaction(write=True) as execute:
            execute(statements.START_RUN, run_parameters(run))

    def _orgs(self, execute: Execute, states: Iterable[State], pool: str = "") -> list[Org]:
        wanted = frozenset(states)
        rows = execute(statements.orgs_in(wanted), statements.of_states(wanted, pool))
        return [org for row in rows if (org := self._org(row)) is not None]

    def _write(
        self,
        execute: Execute,
        seen: Org,
        changed: Org,
        *,
        note: str = "",
        at: datetime | None = None,
    ) -> Org | None:
        """Compare-and-swap `seen` for `changed`; with `at`, also an event of that time."""
        compared = {"seen_version": seen.version, "seen_builder_id": seen.builder_id}
        if not execute(statements.CHANGE_ORG, {**org_parameters(changed), **compared}):
            return None
        if at is not None:
            self._add_event(execute, seen, changed, note=note, at=at)
        if changed.state is State.AVAILABLE and seen.state is not State.AVAILABLE:
            self._announce(execute, changed.pool)
        return changed

    def _record(self, execute: Execute, org: Org, *, note: str) -> None:
        """Record that a row is there from now on."""
        self._add_event(execute, None, org, at=self._clock(), note=note)

    def _add_event(
        self, execute: Execute, seen: Org | None, org: Org, *, at: datetime, note: str = ""
    ) -> None:
        run = self._run or org.builder_id or (seen.builder_id if seen else "")
        before = seen.state.value if seen else ""
        event = Event(at, org.username, run, before, org.state.value, note)
        execute(statements.ADD_EVENT, event_parameters(event))

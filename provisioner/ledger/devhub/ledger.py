"""The ledger on the Dev Hub: the Protocol over custom objects, one API call for each write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from provisioner.ledger import changes as changes_of
from provisioner.ledger.account import HubAccount
from provisioner.ledger.base import LIVE, UNFINISHED, Claim, Event, Org, Run, State, Waiter
from provisioner.ledger.broken import BrokenRow, BrokenRowError, BrokenRows
from provisioner.ledger.devhub import facts as devhub_facts
from provisioner.ledger.devhub import queue as devhub_queue
from provisioner.ledger.devhub import records
from provisioner.ledger.devhub.claims import claim_one
from provisioner.ledger.devhub.counts import HubCounts
from provisioner.ledger.devhub.errors import BUILDER
from provisioner.ledger.devhub.records import RUN
from provisioner.ledger.devhub.repair import blocked, named, note_blocked, readable_rows, repair
from provisioner.ledger.devhub.session import API, RETRY_SECONDS, HubSession
from provisioner.ledger.devhub.writes import Outcome, Part, Swap, Writer, change_of
from provisioner.ledger.past_orgs import Built, PastOrgs
from provisioner.ledger.rows import readable, utc_now

if TYPE_CHECKING:
    from provisioner.ledger.devhub.build_lock import BuildLease, Times
    from provisioner.ledger.facts import HubFacts
    from provisioner.ledger.hub_counts import Caps, Left, Reading, Shortage
    from provisioner.ledger.transfer import Contents


class DevhubLedger:
    """Safe to use from several threads; each has its own connection."""

    def __init__(
        self,
        account: HubAccount,
        *,
        retry_seconds: float = RETRY_SECONDS,
        times: Times | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`retry_seconds` is how long an unanswered request is retried; `times` for the lock."""
        self.session = HubSession(account, retry_seconds=retry_seconds)
        self._times = times
        self._clock = clock
        self._broken = BrokenRows()
        self._counts = HubCounts(lambda: self.orgs(states=LIVE))
        self._run = ""  # the run whose builder lock this object holds
        self._lease: BuildLease | None = None
        self._writer = Writer(self.session, lambda: self._lease.id if self._lease else "")

    @property
    def api_calls(self) -> Mapping[str, int]:
        """Requests to the Dev Hub (`hub`) since it was opened, logins and repetitions included."""
        return {"hub": self.session.api_calls}

    def close(self) -> None:
        """Give the connections back; closing twice does nothing."""
        self.session.close()

    def now(self) -> datetime:
        """This moment by the Dev Hub's clock; logs in where nothing has been asked yet."""
        return self.session.now()

    def add(self, org: Org) -> None:
        """Insert a new row and its first event.

        Raises ValueError when the state is not `intended`, or the username is there already.
        """
        if org.state is not State.INTENDED:
            raise ValueError(f"a new row is intended, not {org.state}")
        if not self._insert(org, ""):
            raise ValueError(f"the ledger has a row for {org.username} already")

    def intend(self, org: Org, caps: Caps) -> Shortage | None:
        """`add`, unless a limit of the Dev Hub forbids one more sign-up: then why."""
        shortage = self._counts.intend(org, caps)
        if shortage is None:
            try:
                self.add(org)
            except BaseException:
                self._counts.forget(org.username)
                raise
        return shortage

    def start_reading(self, hub: str) -> Reading:
        """Before the limits of the Dev Hub are requested: what they may not contain."""
        return self._counts.start_reading(hub)

    def record_reading(
        self, reading: Reading, *, daily: int, active: int, known: Collection[str] = ()
    ) -> None:
        """Keep what the Dev Hub had left, in memory."""
        self._counts.record_reading(reading, daily=daily, active=active, known=known)

    def left(self, hub: str, pools: Collection[str]) -> Left:  # noqa: ARG002 - one build at a time
        """What the last reading leaves."""
        return self._counts.left()

    def hold(self, orgs: Collection[Org], until: datetime | None) -> None:
        """Without effect: no other build could take the slots."""

    def release_slots(self, pools: Collection[str]) -> None:
        """Without effect: none is kept."""

    def restore(self, org: Org, *, note: str) -> bool:
        """Insert a row in whatever state it is, with an event; False when there is one already."""
        return self._insert(org, note)

    def get(self, username: str) -> Org | None:
        """The row of one username, however its letters are capitalised."""

        def read(record: Mapping[str, Any]) -> Org:
            org = records.org_of(record)
            if org.username.lower() != username.lower():
                raise BrokenRowError(username, "the Dev Hub returned the row of another org")
            return org

        found = self.session.query(records.org_query(username), read=read)
        return read(found[0]) if found else None

    def orgs(self, *, pool: str = "", states: Iterable[State] = LIVE) -> list[Org]:
        """Rows in any of `states`, oldest first; of one pool when given."""
        wanted = frozenset(states)
        if not wanted:
            return []
        found = self.session.query(records.orgs_query(wanted, pool), read=records.org_of)
        orgs = [org for _, org in readable_rows(found, self._broken)]
        self._counts.note(orgs, is_all=not pool and wanted >= LIVE)
        return [org for org in orgs if not pool or org.pool == pool]

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """Move `org` to another state with `changes`; None when the row changed meanwhile.

        Raises ValueError for a move that `MOVES` does not allow.
        """
        moved = changes_of.moved(org, to, changes)
        outcome = self._swap(org, moved, at=self._clock(), note=note)
        return self._noted(moved) if outcome is Outcome.DONE else None

    def change(self, org: Org, *, note: str = "", **changes: Any) -> Org | None:
        """Change fields without changing the state; None when the row changed meanwhile.

        With `note`, there is an event, from the state to itself.
        """
        changed = changes_of.changed(org, changes, to=org.state)
        outcome = self._swap(org, changed, at=self._clock(), note=note)
        return self._noted(changed) if outcome is Outcome.DONE else None

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """Claim one available org that fulfils `claim`, least remaining life first.

        The same idempotency key answers with the org that it already holds, its lease
        extended when this claim asks for a later end.
        """
        return claim_one(self.session, self._swap, claim, now, self._broken)

    @property
    def poll_every(self) -> float:
        """Seconds between two polls of a waiting claim."""
        return devhub_queue.POLLING.poll_every

    def wait(self, claim: Claim, seconds: float) -> None:  # noqa: ARG002 - one poll for all
        """Wait until the next poll of a waiting claim, at most `seconds`."""
        devhub_queue.POLLING.wait(seconds)

    def waiters(self) -> list[Waiter]:
        """The waiting claims, in the order in which they are served."""
        found, now = devhub_queue.waiters(self.session)
        return [waiter for waiter in found if devhub_queue.POLLING.is_active(waiter, now)]

    def leave(self, waiter: str) -> None:
        """Leave the queue; a place that no longer exists is no error."""
        devhub_queue.leave(self.session, waiter)

    def broken(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:
        """Rows that no claim takes: those that it has come across, and of `rows`, just read,
        those that no change can reach (a request for 100 of them).
        """
        note_blocked(blocked(self.session, list(rows)), self._broken)
        return self._broken.all()

    def repair(
        self,
        rows: Iterable[Org] = (),
        *,
        leave: Collection[str] = (),  # noqa: ARG002 - one build at a time
    ) -> list[BrokenRow]:
        """Repair such rows; which they were. Only while holding `builder_lock`.

        There is one build at a time: the pools `leave` have no other one, and are repaired, too.
        """
        now = self._clock()
        return repair(self.session, self._writer, self._broken, list(rows), now)

    def adopt(self, run: str, pools: Collection[str] | None = None) -> list[Org]:
        """Make `run` the builder of the unfinished rows of `pools`, by default of all pools."""

        def is_ours(org: Org) -> bool:
            return pools is None or org.pool in pools

        found = self.session.query(records.orgs_query(UNFINISHED), read=records.org_of)
        unfinished = [(r, org) for r, org in readable_rows(found, self._broken) if is_ours(org)]
        orgs = [org for _, org in unfinished]
        swaps = []
        for record, org in unfinished:
            if org.builder_id != run:
                adopted = changes_of.changed(org, {"builder_id": run}, to=org.state)
                note = f"adopted from {org.builder_id or 'nobody'}"
                event = self._event(org, adopted, at=self._clock(), note=note)
                swaps.append(Swap(str(record["Id"]), org, adopted, event))
        if not swaps:
            return orgs
        self._writer.swap_all(swaps)
        return [org for org in self.orgs(states=UNFINISHED) if is_ours(org)]

    def unlocked(self, pools: Iterable[str]) -> set[str]:
        """Those of `pools` that no other build holds now: all, or none while one is running."""
        from provisioner.ledger.devhub.build_lock import Times, is_held

        times = self._times or Times()
        is_locked = self._lease is None and is_held(self.session, times)
        return set() if is_locked else {*pools}

    def verify_lock(self) -> None:
        """Raises LedgerError when the lock may have expired and cannot be renewed."""
        if (lease := self._lease) is not None:
            lease.verify()

    @contextmanager
    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """`builder_lock` without a record of the run: no build but `run` is inside the block."""
        from provisioner.ledger.devhub.build_lock import BuildLease, Times

        lease = BuildLease(self.session, self._times or Times())
        with lease.held(run, wait=wait, on_wait=on_wait):
            self._lease, self._run = lease, run.id
            try:
                yield
            finally:
                self._lease, self._run = None, ""

    @contextmanager
    def builder_lock(
        self,
        run: Run,
        *,
        pools: Collection[str] | None = None,  # noqa: ARG002 - one build at a time
        wait: bool,
        on_wait: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Held for a whole build; raises BusyError (who, since when) when another holds it.

        There is one lock for all pools. With `wait` it waits instead, and reports the holder to
        `on_wait`, again when it changes.
        """
        with self.exclusive(run, wait=wait, on_wait=on_wait):
            self._start(run)
            yield

    def finish_run(self, run: Run) -> None:
        """Record when a run ended (now, when `run` does not say) and its summary."""
        finished = replace(run, finished_at=run.finished_at or self._clock())
        self._put_run(finished)

    def runs(self, *, limit: int = 20) -> list[Run]:
        """The newest runs first."""
        return readable(self.session.query(records.runs_query(limit)), records.run_of)

    def events(self, *, username: str = "", run: str = "") -> list[Event]:
        """Transitions in order, of one org or one run."""
        found = self.session.query(records.events_query(username, run))
        return readable(found, records.event_of)

    def note(self, event: Event) -> None:
        """Add an event that changes no row."""
        self._writer.note(event)

    def contents(self) -> Contents:
        """All of it, as it is at one instant, to be copied."""
        from provisioner.ledger.devhub.transfer import read

        return read(self.session)

    def fill(self, contents: Contents) -> None:
        """Write it into an empty ledger, whole or not at all. Raises UsageError when not empty."""
        from provisioner.ledger.devhub.transfer import fill

        fill(self.session, contents)

    def find(self, usernames: Iterable[str]) -> list[Org]:
        """The rows of these usernames, in any state; those that cannot be read are left out."""
        return [org for _, org in readable_rows(named(self.session, usernames), self._broken)]

    def pools(self) -> frozenset[str]:
        """The pools of all rows, in any state."""
        return frozenset(org.pool for org in self.orgs(states=State))

    def past_orgs(self, consumer_key: str = "") -> PastOrgs:
        """What orgs were built with, in any state: it reads all rows, of which there are few."""
        rows = self.orgs(states=State)
        return PastOrgs.of(
            ((Built(row.fingerprint, row.snapshot), bool(row.available_at)) for row in rows),
            has_verified_key=any(
                row.available_at and row.consumer_key == consumer_key for row in rows
            ),
        )

    def prune(self, keep: timedelta | None) -> None:
        """Delete old records; one request if there are none."""
        from provisioner.ledger.devhub.cleanup import tidy

        tidy(self.session, keep)

    def facts(self, subject: str) -> HubFacts:
        """What is known of a Dev Hub; unknown facts without a record, or access to it."""
        return devhub_facts.read(self.session, subject)

    def record_facts(self, subject: str, facts: HubFacts) -> None:
        """Write the facts of a Dev Hub in place of the earlier ones."""
        devhub_facts.record(self.session, subject, facts)

    def _noted(self, org: Org) -> Org:
        self._counts.note([org])
        return org

    def _insert(self, org: Org, note: str) -> bool:
        event = self._event(None, org, at=self._clock(), note=note)
        return self._writer.insert(org, event) is Outcome.DONE

    def _event(self, seen: Org | None, org: Org, *, at: datetime, note: str = "") -> Event:
        return Event(
            at=at,
            username=org.username,
            run=self._run or org.builder_id or (seen.builder_id if seen else ""),
            from_state=seen.state.value if seen else "",
            to_state=org.state.value,
            note=note,
        )

    def _swap(
        self, seen: Org, changed: Org, *, at: datetime, note: str, before: Sequence[Part] = ()
    ) -> Outcome:
        """Change a row; a change without a move and without a note leaves no event."""
        event = self._event(seen, changed, at=at, note=note)
        if seen.state is changed.state and not note:
            event = change_of(event)
        return self._writer.swap(seen, changed, event, before=before)

    def _start(self, run: Run) -> None:
        """Record the run, unless that was done before."""
        soql = f"SELECT Id FROM {RUN} WHERE Run_Id__c = {records.literal(run.id)}"  # noqa: S608
        if not self.session.query(soql):
            self._put_run(run)

    def _put_run(self, run: Run) -> None:
        from urllib.parse import quote

        path = f"{API}/sobjects/{RUN}/Run_Id__c/{quote(run.id, safe='')}"
        self.session.repeat("PATCH", path, records.run_record(run), needs=BUILDER)

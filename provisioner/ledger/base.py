"""The contract of a ledger: states, allowed transitions, the row of an org, the Protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from provisioner.ledger.broken import BrokenRow
    from provisioner.ledger.facts import HubFacts
    from provisioner.ledger.hub_counts import Caps, Left, Reading, Shortage
    from provisioner.ledger.past_orgs import PastOrgs


class State(StrEnum):
    """The state of a scratch org in the ledger."""

    INTENDED = "intended"  # the row is committed; the sign-up may not have been sent
    SIGNING_UP = "signing_up"  # the Dev Hub has the sign-up
    BUILDING = "building"  # active; its steps run
    AVAILABLE = "available"  # verified; may be claimed
    CLAIMED = "claimed"
    RELEASED = "released"  # to be deleted
    FAILED = "failed"  # the sign-up or a step failed; to be deleted
    EXPIRED = "expired"  # expired, or found deleted; to be deleted
    DELETED = "deleted"  # deleted on the Dev Hub; the row is history


MOVES: Mapping[State, frozenset[State]] = {
    State.INTENDED: frozenset({State.SIGNING_UP, State.BUILDING, State.FAILED, State.EXPIRED}),
    State.SIGNING_UP: frozenset({State.BUILDING, State.FAILED, State.EXPIRED}),
    State.BUILDING: frozenset({State.AVAILABLE, State.FAILED, State.EXPIRED}),
    State.AVAILABLE: frozenset({State.CLAIMED, State.RELEASED, State.EXPIRED}),
    State.CLAIMED: frozenset({State.RELEASED, State.AVAILABLE, State.EXPIRED}),
    State.RELEASED: frozenset({State.DELETED, State.EXPIRED}),
    State.FAILED: frozenset({State.BUILDING, State.DELETED, State.EXPIRED}),
    State.EXPIRED: frozenset({State.DELETED}),
    State.DELETED: frozenset(),
}
"""The allowed transitions.

`claimed → available` is `release --reuse`; `available → released` marks an org for deletion that is
stale or was not claimed; `failed → building` is `retry` of an org that was kept, and names its
builder.
"""

UNFINISHED = frozenset({State.INTENDED, State.SIGNING_UP, State.BUILDING})
TO_DELETE = frozenset({State.RELEASED, State.FAILED, State.EXPIRED})
LIVE = frozenset(State) - {State.DELETED}


@dataclass(frozen=True)
class Org:
    """The row of a scratch org, from intent to deletion. Times are aware and in UTC."""

    username: str
    pool: str
    state: State = State.INTENDED
    version: int = 0  # increases with each change; compared by compare-and-swap
    builder_id: str = ""  # the run that builds the org; "" when it is finished
    run: str = ""  # the run that created the row
    definition: str = ""  # the org definition's path as pool.yaml names it
    fingerprint: str = ""
    consumer_key: str = ""
    signup_id: str = ""  # ScratchOrgInfo id, 2SR…
    org_id: str = ""  # 18 characters
    instance_url: str = ""
    login_url: str = ""
    step: int = 0  # index of the current step
    step_state: str = ""  # of the current step, in its own format; "" until it sends a request
    attempts: int = 0  # transient failures of the current step
    created_at: datetime | None = None
    available_at: datetime | None = None
    proven_at: datetime | None = None
    expires_at: datetime | None = None
    owner: str = ""
    purpose: str = ""
    lease_until: datetime | None = None
    idempotency_key: str = ""
    fence: int = 0  # increases with each claim
    users: tuple[Mapping[str, str], ...] = ()
    error: str = ""  # step and reason
    kept: bool = False  # failed with --keep-failed: reap does not delete it until it expires
    step_since: datetime | None = None
    """Since when the current step has a state; of an org not yet active, since it is intended."""
    active_at: datetime | None = None  # when a build saw that the sign-up was complete
    snapshot: str = ""  # name of the org snapshot that the org is signed up from; "" for none
    hub: str = ""  # the Dev Hub: org id and host; "" in rows of earlier versions: any
    team: str = ""  # of the claim; "" for none
    lender: str = ""  # the team from whose share the claim is borrowed; "" for none


@dataclass(frozen=True)
class Event:
    """One transition of an org, or a note about it: when, by which run, and why."""

    at: datetime
    username: str
    run: str
    from_state: str
    to_state: str
    note: str = ""


@dataclass(frozen=True)
class Run:
    """One build. Its id is also the builder id of the rows that it builds."""

    id: str
    host: str
    pid: int
    started_at: datetime
    finished_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A request for the org `username`, or any org of `pool` ("": of any pool)."""

    owner: str
    pool: str = ""
    username: str = ""
    purpose: str = ""
    lease_until: datetime | None = None
    idempotency_key: str = ""
    usable_until: datetime | None = None  # the org must not expire earlier
    waiter: str = ""  # id of its place in the queue; "" for a claim that does not wait
    team: str = ""
    lender: str = ""  # the team from whose share it borrows
    is_entitled: bool = False  # within the share of its team: served before claims that wait


@dataclass(frozen=True)
class Waiter:
    """A claim that waits for an org."""

    id: str
    claim: Claim  # only owner, pool, username and usable_until
    since: datetime
    seen_at: datetime  # its last poll, by the ledger's clock; now, while its session is alive


class Ledger(Protocol):
    """Stores the rows of all pools. Each change of a row is one compare-and-swap.

    All methods are safe to call from several threads and processes.
    """

    @property
    def api_calls(self) -> Mapping[str, int]:
        """Requests to Salesforce since the ledger was opened, by kind of recipient.

        The key is `hub`; logins and retries are included. Empty for a database.
        """

    def now(self) -> datetime:
        """The current time by the clock that all users of the ledger share.

        That is the clock of the PostgreSQL server, of the Dev Hub or, for a file, of this host.
        Leases use it, so that a consumer with a wrong clock takes no org from its owner.
        """

    def add(self, org: Org) -> None:
        """Insert a new row (state `intended`) and its first event, committed on return."""

    def intend(self, org: Org, caps: Caps) -> Shortage | None:
        """`add`, unless a limit of the Dev Hub `org.hub` forbids one more sign-up: then why.

        Counts the rows of all builds of that Dev Hub, and inserts the row, under one lock.
        """

    def start_reading(self, hub: str) -> Reading:
        """Before the limits of a Dev Hub are requested: which sign-ups they may not contain."""

    def record_reading(
        self, reading: Reading, *, daily: int, active: int, known: Collection[str] = ()
    ) -> None:
        """Store the sign-ups and the active orgs that the Dev Hub had left.

        `known` are those of `reading.unconfirmed` that it had received before. Does nothing when
        a reading that was requested later is stored already.
        """

    def left(self, hub: str, pools: Collection[str]) -> Left:
        """What the Dev Hub has left for `pools`: the last reading, and rows since then."""

    def hold(self, orgs: Collection[Org], until: datetime | None) -> None:
        """Keep the slots of orgs for their pools when they are deleted, at most until then.

        The next new org of the pool takes one. Without effect where one build runs at a time.
        """

    def release_slots(self, pools: Collection[str]) -> None:
        """Keep no slots for these pools any more."""

    def restore(self, org: Org, *, note: str) -> bool:
        """Insert a row in any state (of a lost ledger or a copy), with an event.

        False when the username already has a row.
        """

    def get(self, username: str) -> Org | None:
        """The row of one username."""

    def orgs(self, *, pool: str = "", states: Iterable[State] = LIVE) -> list[Org]:
        """Rows in any of `states`, oldest first; of one pool when given."""

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """Move `org` to another state with `changes`; None when the row changed meanwhile.

        Raises ValueError for a move that `MOVES` does not allow, and for one that makes a finished
        row unfinished without a `builder_id`.
        """

    def change(self, org: Org, *, note: str = "", **changes: Any) -> Org | None:
        """Change fields without changing the state; None when the row changed meanwhile.

        With `note`, there is an event, from the state to itself.
        """

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """Claim the matching available org that expires soonest.

        The same idempotency key gives the org that it already holds. The lease ends no later than
        the org expires. Orgs for which others wait are left to them; with `claim.waiter`, the claim
        joins the queue or keeps its place there.
        """

    @property
    def poll_every(self) -> float:
        """Seconds between two polls of a waiting claim that the ledger does not wake."""

    def wait(self, claim: Claim, seconds: float) -> None:
        """Wait until there may be an org for a claim in the queue, at most `seconds`.

        That is until the next poll, or until the ledger wakes the claim.
        """

    def waiters(self) -> list[Waiter]:
        """The waiting claims, in the order in which they are served."""

    def leave(self, waiter: str) -> None:
        """Leave the queue; no error if the place no longer exists."""

    def broken(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:
        """Rows that cannot be read or changed; no claim takes them, and they block no claim.

        They are those that this object has read since it was opened, and those of `rows`, just
        read, that cannot be changed.
        """

    def repair(self, rows: Iterable[Org] = (), *, leave: Collection[str] = ()) -> list[BrokenRow]:
        """Repair such rows (`rows` as for `broken`), and return them; those of `leave` stay.

        Values that cannot be read are removed. The new state is one in which the org is neither
        offered nor taken from its owner. Only while holding `builder_lock`; `leave` are pools
        whose rows are left to another build.
        """

    def adopt(self, run: str, pools: Collection[str] | None = None) -> list[Org]:
        """Make `run` the builder of the unfinished rows of `pools`, by default of all pools.

        Only while holding the `builder_lock` of these pools.
        """

    def builder_lock(
        self,
        run: Run,
        *,
        pools: Collection[str] | None = None,
        wait: bool,
        on_wait: Callable[[str], None] | None = None,
    ) -> AbstractContextManager[None]:
        """The locks of a build: of all its pools or, without `pools`, of the whole ledger.

        Raises BusyError (which pool, which run, since when) when another build holds one of them.
        With `wait` it waits instead, until all are free; meanwhile it holds none. `on_wait` gets
        the holder, again when that changes. A ledger may let in one build at a time, whatever its
        pools.
        """

    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """The lock of the whole ledger, without a record of the run: no build is in the block."""

    def unlocked(self, pools: Iterable[str]) -> set[str]:
        """Those of `pools` that no other build holds now.

        None while another command has the whole ledger. A row of such a pool that was read before
        the call has no active builder, or has been changed since.
        """

    def verify_lock(self) -> None:
        """Raises LedgerError when another build may hold the locks of this one now.

        For use before each request to Salesforce: a process that was frozen must not send what it
        was about to. Reads memory only. A ledger whose locks a frozen process keeps has nothing to
        verify, nor has one that is not in a `builder_lock`.
        """

    def finish_run(self, run: Run) -> None:
        """Record when a run ended and its summary."""

    def runs(self, *, limit: int = 20) -> list[Run]:
        """The newest runs first."""

    def events(self, *, username: str = "", run: str = "") -> list[Event]:
        """Transitions in order, of one org or one run."""

    def note(self, event: Event) -> None:
        """Add an event that changes no row, committed on return; its username may be ""."""

    def find(self, usernames: Iterable[str]) -> list[Org]:
        """The rows of these usernames, in any state; those that cannot be read are left out."""

    def pools(self) -> frozenset[str]:
        """The pools of all rows, in any state."""

    def past_orgs(self, consumer_key: str = "") -> PastOrgs:
        """What orgs were built with, in any state, and whether one with the key was available."""

    def prune(self, keep: timedelta | None) -> None:
        """Remove the rows of orgs that were deleted longer ago, with their events, and old runs.

        None: as long as this kind of ledger keeps them by default. The newest runs that measured
        durations stay, and the rows and events that a report of a kept run needs. Only while
        holding `builder_lock`. Raises LedgerError when the user may not delete rows.
        """

    def facts(self, subject: str) -> HubFacts:
        """What is known of a Dev Hub (`provisioner.ledger.facts`); unknown facts without a row."""

    def record_facts(self, subject: str, facts: HubFacts) -> None:
        """Write the facts of a Dev Hub in place of the earlier ones, committed on return."""

    def close(self) -> None:
        """Close the connections."""

"""What a ledger holds and promises: states, legal moves, the row of an org, the Protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from provisioner.ledger.broken import BrokenRow


class State(StrEnum):
    """The life of a scratch org, as the ledger sees it."""

    INTENDED = "intended"  # row committed, sign-up not yet known to be sent
    SIGNING_UP = "signing_up"  # the Dev Hub has the request
    BUILDING = "building"  # active; steps under way
    AVAILABLE = "available"  # proven, may be claimed
    CLAIMED = "claimed"
    RELEASED = "released"  # given back; to be deleted
    FAILED = "failed"  # a sign-up or step failed for good; to be deleted
    EXPIRED = "expired"  # past its life, or found dead; to be deleted
    DELETED = "deleted"  # gone from the Dev Hub; the row stays as history


MOVES: Mapping[State, frozenset[State]] = {
    State.INTENDED: frozenset({State.SIGNING_UP, State.BUILDING, State.FAILED, State.EXPIRED}),
    State.SIGNING_UP: frozenset({State.BUILDING, State.FAILED, State.EXPIRED}),
    State.BUILDING: frozenset({State.AVAILABLE, State.FAILED, State.EXPIRED}),
    State.AVAILABLE: frozenset({State.CLAIMED, State.RELEASED, State.EXPIRED}),
    State.CLAIMED: frozenset({State.RELEASED, State.AVAILABLE, State.EXPIRED}),
    State.RELEASED: frozenset({State.DELETED, State.EXPIRED}),
    State.FAILED: frozenset({State.DELETED, State.EXPIRED}),
    State.EXPIRED: frozenset({State.DELETED}),
    State.DELETED: frozenset(),
}
"""The one table of legal moves; nothing else may happen.

`claimed → available` is `release --reuse`; `available → released` retires an org
(stale, superseded) without anybody having claimed it.
"""

UNFINISHED = frozenset({State.INTENDED, State.SIGNING_UP, State.BUILDING})
TO_DELETE = frozenset({State.RELEASED, State.FAILED, State.EXPIRED})
LIVE = frozenset(State) - {State.DELETED}


@dataclass(frozen=True)
class Org:
    """One row: a scratch org from intent to deletion. Times are UTC and aware."""

    username: str
    pool: str
    state: State = State.INTENDED
    version: int = 0  # rises with every change; the compare in compare-and-swap
    builder_id: str = ""  # the run that owns the row while it is unfinished
    run: str = ""  # the run that asked for the org
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
    fence: int = 0  # rises with each claim
    users: tuple[Mapping[str, str], ...] = ()
    error: str = ""  # step and reason, for people
    kept: bool = False  # failed under --keep-failed: reap leaves it until it expires
    step_since: datetime | None = None
    """Since when the current step has a state; of an org not yet active, since it is intended."""
    active_at: datetime | None = None  # when a build saw that the sign-up was complete


@dataclass(frozen=True)
class Event:
    """One transition: who moved what, when, and why."""

    at: datetime
    username: str
    run: str
    from_state: str
    to_state: str
    note: str = ""


@dataclass(frozen=True)
class Run:
    """One build: its id doubles as the builder id of the rows that it owns."""

    id: str
    host: str
    pid: int
    started_at: datetime
    finished_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """What a consumer asks for: any org of `pool` (all pools when empty), or `username`."""

    owner: str
    pool: str = ""
    username: str = ""
    purpose: str = ""
    lease_until: datetime | None = None
    idempotency_key: str = ""
    usable_until: datetime | None = None  # the org must live at least so long
    waiter: str = ""  # the place in the queue of who waits; "" for who does not


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits for an org."""

    id: str
    claim: Claim  # what for; its owner, pool, username and usable_until
    since: datetime
    seen_at: datetime  # when they last looked, by the ledger's clock


class Ledger(Protocol):
    """Where the pools' rows live. Every change of a row is one compare-and-swap.

    All methods are safe to call from several threads and processes.
    """

    @property
    def api_calls(self) -> Mapping[str, int]:
        """Requests that it has sent to Salesforce since it was opened, by whom they asked.

        `hub` for the Dev Hub, logins and repetitions included; empty for a database.
        """

    def now(self) -> datetime:
        """This moment by the clock that all who use the ledger share.

        The PostgreSQL server's, the Dev Hub's; of a file, that of its host. Leases begin and end
        by it, so that a consumer whose own clock is wrong takes no org away from anybody.
        """

    def add(self, org: Org) -> None:
        """Insert a new row (state `intended`) and its first event, committed on return."""

    def restore(self, org: Org, *, note: str) -> bool:
        """Insert a row in whatever state it is (a lost ledger's, a copy's), with an event.

        False when there is a row of that username already.
        """

    def get(self, username: str) -> Org | None:
        """The row of one username."""

    def orgs(self, *, pool: str = "", states: Iterable[State] = LIVE) -> list[Org]:
        """Rows in any of `states`, oldest first; of one pool when given."""

    def move(self, org: Org, to: State, *, note: str = "", **changes: Any) -> Org | None:
        """Move `org` to another state with `changes`; None when the row changed meanwhile.

        Raises ValueError for a move that `MOVES` does not allow.
        """

    def change(self, org: Org, **changes: Any) -> Org | None:
        """Change fields without changing the state; None when the row changed meanwhile."""

    def claim(self, claim: Claim, *, now: datetime) -> Org | None:
        """Claim one available org that fulfils `claim`, least remaining life first.

        The same idempotency key answers with the org that it already holds. A lease that would
        outlast the org ends with it. Orgs for which others wait are left to them; with
        `claim.waiter` the claim joins those who wait, or shows that it is still there.
        """

    @property
    def poll_every(self) -> float:
        """Seconds between two polls of one who waits; who makes none for long is passed over."""

    def waiters(self) -> list[Waiter]:
        """Those who wait for an org, in the order in which they are served."""

    def leave(self, waiter: str) -> None:
        """Give up a place in the queue; that it is gone already is fine."""

    def broken(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:
        """Rows that cannot be read or changed: no claim takes them, nor do they block one.

        Those that this object has come across since it was opened, and those of `rows`, just
        read, that cannot be changed.
        """

    def repair(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:
        """Repair such rows (`rows` as for `broken`); which they were.

        What cannot be read of a row is dropped; it is then in a state in which its org is neither
        offered nor taken from whoever holds it. Only while holding `builder_lock`.
        """

    def adopt(self, run: str) -> list[Org]:
        """Make `run` the builder of all unfinished rows. Only while holding `builder_lock`."""

    def builder_lock(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Held for a whole build; raises BusyError (who, since when) when another holds it.

        With `wait` it waits instead, and tells `on_wait` for whom, again when that changes.
        """

    def finish_run(self, run: Run) -> None:
        """Record when a run ended and its summary."""

    def runs(self, *, limit: int = 20) -> list[Run]:
        """The newest runs first."""

    def events(self, *, username: str = "", run: str = "") -> list[Event]:
        """Transitions in order, of one org or one run."""

    def close(self) -> None:
        """Give connections back."""

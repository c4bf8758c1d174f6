"""Watches all pending sign-ups with one query a tick."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.context import BuildContext, RowLostError
from provisioner.builder.crashes import guarded
from provisioner.builder.failures import Failures, passes, reason_of
from provisioner.builder.stopwatch import Stopwatch
from provisioner.errors import STOPS, ErrorKind, ProvisionerError, RowValueError, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.salesforce.signup_status import UNREADABLE

if TYPE_CHECKING:
    from provisioner.salesforce.hub import SignUpStatus

JOB = "sign-ups"
FIRST_POLL = 1.0  # seconds from a sign-up to the first look …
LONGEST_POLL = 15.0  # … and between looks at the most
POLLS_BY_AGE = 0.4  # of the oldest sign-up's age: the next look
SURELY_NOT_YET = 0.6  # of the shortest sign-up of this build: before, a look is for nothing
POLLS_UNCONFIRMED = 3  # looks that must miss a username before its sign-up is sent again …
MOST_CRASHES = 3  # unexpected exceptions about one sign-up before it is left to the next build
BROKEN_POLLS = 8  # looks in a row that end in an unexpected exception, before no more are made
DOUBT = 30.0  # … and seconds: an insert may take so long on its way (docs/reference/durations.md)
REFUSALS_IN_A_ROW = 3  # of looks: then the sign-ups cannot be watched any more


@dataclass
class _Watched:
    org: Org
    since: float  # by time.monotonic: since when this build looks for it
    age: Stopwatch
    misses: int | None  # looks that did not find it; None when the hub has surely got it
    is_fresh: bool  # asked for by this process, which therefore knows its age
    crashes: int = 0  # unexpected exceptions that were about it


class SignUpWatch:
    """The sign-ups that the Dev Hub has, or may have.

    Looks come quickly after the first sign-up and grow apart as the oldest grows old, so that
    a sign-up of three minutes costs few and an org still starts soon. A *doubtful*
    sign-up is one whose answer was lost: found by its username it is adopted, missed
    several times it is sent again under the same username, so that it can never become two.
    """

    def __init__(
        self,
        context: BuildContext,
        failures: Failures,
        *,
        activate: Callable[[Org], None],
        send_again: Callable[[Org], None],
        freed: Callable[[], None],
    ) -> None:
        self._context = context
        self._failures = failures
        self._activate = activate
        self._send_again = send_again
        self._freed = freed
        self._watched: dict[str, _Watched] = {}
        self._broken_polls = 0  # in a row
        self._refusals = 0  # looks in a row that the Dev Hub has refused
        self._shortest = 0.0  # seconds of the shortest sign-up of this build; 0: none has ended

    def __len__(self) -> int:
        """How many sign-ups are under way."""
        return len(self._watched)

    def add(self, org: Org, *, is_unconfirmed: bool = False, delay: float = FIRST_POLL) -> None:
        """Watch one more."""
        with self._context.lock:
            misses = 0 if is_unconfirmed else None
            is_first = not self._watched
            is_fresh = delay > 0 and not is_unconfirmed
            age = Stopwatch.since(org.step_since, self._context.now())
            since = time.monotonic()
            self._watched[org.username] = _Watched(org, since, age, misses, is_fresh)
            if is_first or not delay:
                job = guarded(self._context, self._poll, self._broken)
                self._context.scheduler.add(JOB, job, self._context.wait(delay))

    def _poll(self) -> float | None:
        """One query for all; answers when to look again."""
        with self._context.lock:
            watched = list(self._watched.values())
        try:
            statuses = self._context.connections.hub.signups(
                [w.org.signup_id for w in watched if w.org.signup_id],
                [w.org.username for w in watched],
            )
        except STOPS:
            raise  # nothing is wrong with the sign-ups: the build stops, the next one resumes them
        except ProvisionerError as error:
            self._unanswered(watched, error)
        else:
            self._refusals = 0
            for entry in watched:
                self._judge_alone(entry, _best(entry.org, statuses))
        self._broken_polls = 0
        self._freed()
        return self._next_poll()

    def _broken(self, error: ProvisionerError) -> float | None:
        """A look that ended in an unexpected exception: again, ever later, and at last no more.

        The sign-ups that it was for are left to the next build, and no further one is sent.
        """
        self._broken_polls += 1
        if self._broken_polls < BROKEN_POLLS:
            self._context.say(f"sign-ups: {error.message}; polling again", is_warning=True)
            return self._context.wait(min(FIRST_POLL * 2.0**self._broken_polls, 60.0))
        self._context.circuit_breaker.close("the Dev Hub's sign-ups could not be polled")
        with self._context.lock:
            watched = list(self._watched.values())
            self._watched.clear()
        for entry in watched:
            self._context.leave(entry.org, error.message)
        self._freed()
        return None

    def _judge_alone(self, entry: _Watched, status: SignUpStatus | None) -> None:
        """An unexpected exception about one sign-up concerns no other."""
        try:
            self._judge(entry, status)
        except RowValueError as error:
            self._recover(entry, error.message)
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001 - told, and the sign-up is looked at again
            self._recover(entry, self._context.crashes.described(error))

    def _recover(self, entry: _Watched, what: str) -> None:
        """Go on from what the ledger holds: the exception may have come after a write."""
        entry.crashes += 1
        row = self._context.ledger.get(entry.org.username)
        self._drop(entry.org)
        if row is None or row.builder_id != self._context.run.id:
            return
        if row.state is State.BUILDING:
            self._activate(row)
        elif row.state in (State.INTENDED, State.SIGNING_UP):
            if entry.crashes >= MOST_CRASHES:
                self._context.leave(row, what)
                return
            with self._context.lock:
                entry.org = row
                self._watched[row.username] = entry

    def _next_poll(self) -> float | None:
        with self._context.lock:
            if not self._watched:
                return None
            watched = self._watched.values()
            age = self._age(min(entry.since for entry in watched))
            not_yet = self._shortest * SURELY_NOT_YET - age
            if not all(entry.is_fresh for entry in watched):
                not_yet = 0.0
        by_age = min(age * POLLS_BY_AGE, LONGEST_POLL)
        return self._context.wait(max(FIRST_POLL, by_age, not_yet))

    def _age(self, since: float) -> float:
        """Seconds since `since`, as they would be at a time scale of 1."""
        return (time.monotonic() - since) / self._context.options.time_scale

    def _judge(self, entry: _Watched, status: SignUpStatus | None) -> None:
        try:
            if status is None:
                self._missed(entry)
            elif status.status == "Active":
                self._active(entry.org, status)
            elif status.status in ("Error", "Deleted"):
                self._ended(entry.org, status)
            else:
                self._pending(entry, status)
        except RowLostError:
            self._drop(entry.org)

    def _active(self, org: Org, status: SignUpStatus) -> None:
        """The org exists: its steps begin now, whatever its siblings do."""
        with self._context.lock:
            self._context.signup_breaker.succeeded()
            entry = self._watched.pop(org.username, None)
        if entry is not None and entry.is_fresh:
            took = self._age(entry.since)
            self._shortest = min(self._shortest or took, took)
        self._activate(
            self._context.move(
                org,
                State.BUILDING,
                signup_id=status.id,
                org_id=status.org_id,
                login_url=status.login_url,
                instance_url=status.login_url,
                step_since=None,
                active_at=self._context.now(),
            )
        )

    def _ended(self, org: Org, status: SignUpStatus) -> None:
        with self._context.lock:  # whoever counts what is undecided must know of the failure
            if passes(status):
                self._context.signup_breaker.failed(time.monotonic(), reason_of(status))
            self._drop(org)
        self._failures.sign_up_refused(org, status)

    def _pending(self, entry: _Watched, status: SignUpStatus) -> None:
        """Still in progress; an unknown status counts as that.

        Source: docs/reference/sign-up.md#status.
        """
        if entry.org.state is State.INTENDED and status.id:
            entry.org = self._context.move(entry.org, State.SIGNING_UP, signup_id=status.id)
        entry.misses = None
        if self._is_late(entry):
            self._drop(entry.org)
            if status.status == UNREADABLE:
                self._context.leave(
                    entry.org, "the Dev Hub's answers about this sign-up are malformed"
                )
                return
            deadline = self._deadline(entry)
            took = f"still {status.status} after {deadline:.0f} s (see sign_up_timeout)"
            error = SalesforceError(took, kind=ErrorKind.GONE)
            self._failures.fail(entry.org, "sign-up", error)

    def _is_late(self, entry: _Watched) -> bool:
        return entry.age.seconds() / self._context.options.time_scale > self._deadline(entry)

    def _deadline(self, entry: _Watched) -> float:
        """Seconds that its sign-up may take."""
        return self._context.config.pools[entry.org.pool].sign_up_timeout.total_seconds()

    def _missed(self, entry: _Watched) -> None:
        """The hub shows no such sign-up: not yet, or never received."""
        entry.misses = (entry.misses or 0) + 1
        if entry.misses < POLLS_UNCONFIRMED or self._age(entry.since) < DOUBT:
            return
        self._drop(entry.org)
        if entry.org.state is State.INTENDED:
            self._send_again(self._context.change(entry.org, step_since=self._context.now()))
        else:
            error = SalesforceError("the Dev Hub no longer knows this sign-up", kind=ErrorKind.GONE)
            self._failures.fail(entry.org, "sign-up", error)

    def _unanswered(self, watched: Sequence[_Watched], error: ProvisionerError) -> None:
        """A look that failed says nothing of the sign-ups; only refusals that stay end them."""
        if error.kind in (ErrorKind.TRANSIENT, ErrorKind.LIMIT):
            for entry in watched:
                if self._is_late(entry):
                    self._drop(entry.org)
                    self._context.leave(entry.org, error.message)
            return
        self._refusals += 1
        if self._refusals < REFUSALS_IN_A_ROW:
            return
        for entry in watched:
            self._drop(entry.org)
            self._failures.fail(entry.org, "sign-up", error)

    def _drop(self, org: Org) -> None:
        with self._context.lock:
            self._watched.pop(org.username, None)


def _best(org: Org, statuses: Sequence[SignUpStatus]) -> SignUpStatus | None:
    """The status that is about `org`: of two sign-ups with its username, the one that lives.

    A request that was sent twice ends once as `C-1007`, duplicate username
    (docs/reference/sign-up.md#errors-of-a-sign-up).
    """
    own = [s for s in statuses if s.id == org.signup_id or s.username == org.username]
    return min(own, key=lambda s: s.status in ("Error", "Deleted"), default=None)

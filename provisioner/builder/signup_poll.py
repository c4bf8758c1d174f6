"""Polls all pending sign-ups with one query."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.first_logins import has_first_session
from provisioner.builder.lifecycle import RowLostError
from provisioner.builder.outcomes import is_transient, reason_of
from provisioner.builder.pending_signups import (
    FIRST_POLL,
    LONGEST_ARRIVAL,
    MOST_MISSES,
    POLL,
    PendingSignUp,
)
from provisioner.errors import STOPS, ErrorKind, ProvisionerError, RowValueError, SalesforceError
from provisioner.ledger.base import Org, State
from provisioner.salesforce.signup_status import UNREADABLE

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.org_steps import OrgSteps
    from provisioner.builder.outcomes import Outcomes
    from provisioner.builder.pending_signups import PendingSignUps
    from provisioner.builder.signup_breaker import SignUpBreaker
    from provisioner.builder.signup_sender import SignUpSender
    from provisioner.salesforce.hub import SignUpStatus

MOST_CRASHES = 3  # unexpected exceptions about one sign-up before it is left to the next build
MOST_BROKEN_POLLS = 8  # polls in a row with an unexpected exception before polling ends
MOST_REFUSALS = 3  # refused polls in a row before all sign-ups fail


class SignUpPoll:
    """Polls the sign-ups that the Dev Hub has, or may have.

    A poll is due when sign-ups of this build and of past builds have taken so long: one of three
    minutes costs few requests, and an org still starts soon. An *unconfirmed* sign-up is one
    whose answer was lost. Found by its username, it is adopted. Missed several times, it is sent
    again with the same username, so that it can never become two orgs.
    """

    def __init__(
        self,
        context: BuildContext,
        pending: PendingSignUps,
        breaker: SignUpBreaker,
        outcomes: Outcomes,
        steps: OrgSteps,
        sender: SignUpSender,
    ) -> None:
        self._context = context
        self._pending = pending
        self._breaker = breaker
        self._outcomes = outcomes
        self._steps = steps
        self._sender = sender
        self._broken_polls = 0  # in a row
        self._refusals = 0  # polls in a row that the Dev Hub has refused
        job = guarded(context.reporter, self._poll, self._broken)
        context.scheduler.register(POLL, job)

    def resume(self, org: Org) -> None:
        """Continue with a row that an earlier build left in `intended` or `signing_up`."""
        is_unconfirmed = org.state is State.INTENDED
        self._context.progress.start(org.username)  # what is left is without its sign-up
        self._pending.poll(org, is_unconfirmed=is_unconfirmed, is_resumed=True)

    def _poll(self) -> float | None:
        """One query for all; returns the seconds until the next one."""
        polled = self._pending.polled
        if not polled:
            return None
        try:
            statuses = self._context.connections.hub.signups(
                [p.org.signup_id for p in polled if p.org.signup_id],
                [p.org.username for p in polled],
                with_codes=any(has_first_session(p.org) for p in polled),
            )
        except STOPS:
            raise  # not the sign-ups' fault: the build stops, and the next one resumes them
        except ProvisionerError as error:
            self._unanswered(polled, error)
        else:
            self._refusals = 0
            for pending in polled:
                self._decide_alone(pending, _status_of(pending.org, statuses))
        self._broken_polls = 0
        return self._pending.next_poll()

    def _broken(self, error: ProvisionerError) -> float | None:
        """An unexpected exception: poll again after a growing wait, and at last no more.

        Then the sign-ups are left to the next build, and no further one is sent.
        """
        self._broken_polls += 1
        if self._broken_polls < MOST_BROKEN_POLLS:
            self._context.reporter.warn(f"polling the sign-ups failed: {error.message}; retrying")
            return self._context.wait(min(FIRST_POLL * 2.0**self._broken_polls, 60.0))
        self._context.circuit_breaker.trip("the Dev Hub's sign-ups could not be polled")
        for pending in self._pending.polled:
            self._leave(pending.org, error.message)
        return None

    def _seconds(self, since: float) -> float:
        """Seconds since a time of the monotonic clock, at this build's time scale."""
        return (time.monotonic() - since) / self._context.options.time_scale

    # --- one sign-up --------------------------------------------------------------------------

    def _decide_alone(self, pending: PendingSignUp, status: SignUpStatus | None) -> None:
        """An unexpected exception about one sign-up disturbs no other."""
        try:
            self._decide(pending, status)
        except RowValueError as error:
            self._recover(pending, error.message)
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001 - reported, and the sign-up is polled again
            self._recover(pending, self._context.reporter.crashes.described(error))

    def _recover(self, pending: PendingSignUp, what: str) -> None:
        """Continue from the row in the ledger: the exception may have come after a write."""
        pending.crashes += 1
        row = self._context.lifecycle.current(pending.org)
        if row is None or row.state not in (State.INTENDED, State.SIGNING_UP):
            self._pending.decide(pending.org.username)
            if row is not None and row.state is State.BUILDING:
                self._steps.start(row)
        elif pending.crashes >= MOST_CRASHES:
            self._leave(row, what)
        else:
            pending.org = row
            self._pending.poll_again(pending)

    def _decide(self, pending: PendingSignUp, status: SignUpStatus | None) -> None:
        try:
            if status is None:
                self._missed(pending)
            elif status.status == "Active":
                self._active(pending, status)
            elif status.status in ("Error", "Deleted"):
                self._ended(pending.org, status)
            else:
                self._in_progress(pending, status)
        except RowLostError:
            self._outcomes.lost(pending.org)
            self._pending.decide(pending.org.username)

    def _active(self, pending: PendingSignUp, status: SignUpStatus) -> None:
        """The org exists: its steps start now, independently of other orgs.

        Its row is changed before its place is free: the ledger counts rows.
        """
        if pending.is_fresh:
            took = pending.deadline.age * self._context.options.time_scale
            self._context.poll_times.sign_up_ended(pending.org.pool, took)
        if status.code is not None and has_first_session(pending.org):
            first_logins = self._context.connections.first_logins
            first_logins.keep_code(pending.org.username, status.code)
        active = self._context.lifecycle.activate(pending.org, status)
        with self._context.lock:
            self._breaker.succeeded()
            self._pending.decide(pending.org.username)
        self._steps.start(active)

    def _ended(self, org: Org, status: SignUpStatus) -> None:
        if is_transient(org, status):  # the failure is counted before its place is free
            with self._context.lock:
                self._breaker.failed(time.monotonic(), reason_of(status))
        self._outcomes.sign_up_failed(org, status)
        self._pending.decide(org.username)

    def _in_progress(self, pending: PendingSignUp, status: SignUpStatus) -> None:
        """Also for an unknown status. Source: docs/reference/sign-up.md#status."""
        if pending.org.state is State.INTENDED and status.id:
            pending.org = self._context.lifecycle.acknowledge(pending.org, status.id)
        pending.misses = None
        self._pending.show(pending)
        if not pending.deadline.has_passed:
            return
        if status.status == UNREADABLE:
            self._leave(pending.org, "the Dev Hub's answers about this sign-up are malformed")
            return
        limit = pending.deadline.limit
        text = f"still {status.status} after {limit:.0f} s (see sign_up_timeout)"
        self._fail(pending.org, SalesforceError(text, kind=ErrorKind.GONE))

    def _missed(self, pending: PendingSignUp) -> None:
        """The Dev Hub does not list the sign-up: not yet, or it was never received."""
        pending.misses = (pending.misses or 0) + 1
        if pending.misses < MOST_MISSES or self._seconds(pending.since) < LONGEST_ARRIVAL:
            return
        if pending.org.state is State.INTENDED:
            self._pending.stop_polling(pending.org)
            self._sender.send(self._context.lifecycle.send_again(pending.org))
        else:
            text = "the Dev Hub no longer lists this sign-up"
            self._fail(pending.org, SalesforceError(text, kind=ErrorKind.GONE))

    def _unanswered(self, polled: Sequence[PendingSignUp], error: ProvisionerError) -> None:
        """A failed poll says nothing about the sign-ups; only repeated refusals make them fail."""
        if error.kind in (ErrorKind.TRANSIENT, ErrorKind.LIMIT):
            for pending in polled:
                if pending.deadline.has_passed:
                    self._leave(pending.org, error.message)
            return
        self._refusals += 1
        if self._refusals >= MOST_REFUSALS:
            for pending in polled:
                self._fail(pending.org, error)

    def _fail(self, org: Org, error: ProvisionerError) -> None:
        self._outcomes.failed(org, "sign-up", error)
        self._pending.decide(org.username)

    def _leave(self, org: Org, why: str) -> None:
        self._outcomes.left(org, why)
        self._pending.decide(org.username)


def _status_of(org: Org, statuses: Sequence[SignUpStatus]) -> SignUpStatus | None:
    """The status of a sign-up; of two with the same username, of the one that has not failed.

    A request that was sent twice ends once as `C-1007`, duplicate username
    (docs/reference/sign-up.md#errors-of-a-sign-up).
    """
    own = [s for s in statuses if s.id == org.signup_id or s.username == org.username]
    return min(own, key=lambda s: s.status in ("Error", "Deleted"), default=None)

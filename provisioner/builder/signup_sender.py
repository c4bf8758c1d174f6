"""Sends sign-ups: the intent is committed to the ledger first, then the request is sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.events import OrgEvent
from provisioner.builder.lifecycle import NoSlotError, RowLostError
from provisioner.builder.signup_queue import DISPATCH
from provisioner.builder.signup_request import sign_up_request
from provisioner.errors import STOPS, ErrorKind, HubLimitError, ProvisionerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.hub_counts import DAILY

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.login_way import LoginWay
    from provisioner.builder.outcomes import Outcomes
    from provisioner.builder.pending_signups import PendingSignUps
    from provisioner.builder.room import Room
    from provisioner.builder.scheduler import Job
    from provisioner.builder.shared_limits import SharedLimits
    from provisioner.builder.signup_queue import SignUpQueue
    from provisioner.ledger.hub_counts import Shortage
    from provisioner.plan import Creation

_NONE_LEFT = (
    "The Dev Hub's daily scratch org limit leaves no further sign-up to this build: all builds "
    "share it."
)
MOST_CRASHES = 3  # unexpected exceptions of one sign-up before it is left to the next build


class SignUpSender:
    """Sends one sign-up per job.

    When the answer is lost, or the process is killed, the Dev Hub is asked for the username that we
    have chosen. If it is found, the org is adopted; if not, the request is sent again.
    """

    def __init__(
        self,
        context: BuildContext,
        queue: SignUpQueue,
        pending: PendingSignUps,
        room: Room,
        outcomes: Outcomes,
        way: LoginWay,
        shared: SharedLimits,
    ) -> None:
        self._context = context
        self._shared = shared
        self._queue = queue
        self._pending = pending
        self._room = room
        self._outcomes = outcomes
        self._way = way
        self._sent_perhaps: set[str] = set()  # usernames whose request may have been sent
        self._crashes: Counter[str] = Counter()

    def request(self, username: str, creation: Creation) -> None:
        """Sign up a new org, which has a slot and counts as pending already."""
        job = guarded(
            self._context.reporter,
            lambda: self._intend_and_send(username, creation),
            lambda error: self._not_intended(username, creation, error),
        )
        self._context.scheduler.add(f"send {username}", job)

    def send(self, org: Org) -> None:
        """Send the sign-up of a row in `intended`, for the first time or again."""
        self._context.scheduler.add(f"send {org.username}", self._send_job(org))

    def _intend_and_send(self, username: str, creation: Creation) -> None:
        key, hub = self._way.consumer_key, self._context.connections.hub_id
        is_bounded = self._context.progress.is_bounded
        try:
            org = self._context.lifecycle.intend(
                username, creation, key, hub=hub, is_bounded=is_bounded
            )
        except NoSlotError as error:
            self._not_now(username, creation, error.shortage)
            return
        self._shared.ended()
        self._send_job(org)()

    def _not_now(self, username: str, creation: Creation, shortage: Shortage) -> None:
        """Other builds use what the Dev Hub allows: the org waits, or there is none for it."""
        self._context.progress.withdraw(username)
        self._pending.withdraw(username)
        if self._shared.refused(shortage):
            self._room.put_back(creation.pool, username)
        elif shortage.limit == DAILY:
            self._stop(DAILY, _NONE_LEFT)
            return
        else:
            self._room.lose(creation.pool, username)
        self._queue.put_first(creation)
        self._context.scheduler.wake(DISPATCH)

    def _not_intended(self, username: str, creation: Creation, error: ProvisionerError) -> None:
        """The row was not committed, so nothing was sent; if it was, the next build finds it."""
        text = f"{creation.pool}: no sign-up was sent for an org of {creation.definition}"
        self._context.reporter.warn(f"{text}: {error.message}")
        self._shared.ended()
        self._context.progress.drop(username)
        self._room.give(creation.pool, username)
        self._pending.decide(username)

    def _send_job(self, org: Org) -> Job:
        return guarded(
            self._context.reporter, lambda: self._send(org), lambda error: self._broken(org, error)
        )

    def _send(self, org: Org) -> None:
        """One POST. Its answer, or the lack of one, decides the next state of the row."""
        self._report(org)
        try:
            request = sign_up_request(self._context, org)
            self._sent_perhaps.add(org.username)
            signup_id = self._context.connections.hub.sign_up(request)
            sent = self._context.lifecycle.acknowledge(org, signup_id)
        except RowLostError:
            self._outcomes.lost(org)
            self._pending.decide(org.username)
        except HubLimitError as error:
            self._refused_by_limit(org, error)
        except STOPS:
            raise  # not the org's fault: the build stops, and the next one resumes the org
        except ProvisionerError as error:
            if error.kind is ErrorKind.TRANSIENT:
                self._pending.poll(org, is_unconfirmed=True)
            else:
                self._outcomes.never_signed_up(org, error)
                self._pending.decide(org.username)
        else:
            self._pending.poll(sent)
            self._report(sent)

    def _broken(self, org: Org, error: ProvisionerError) -> None:
        """An unexpected exception. A sign-up that may have been sent is looked up."""
        self._crashes[org.username] += 1
        row = self._context.lifecycle.current(org)
        if row is None:
            self._outcomes.lost(org)
        elif row.username not in self._sent_perhaps:
            self._outcomes.never_signed_up(row, error)
        elif self._crashes[org.username] >= MOST_CRASHES:
            self._outcomes.left(row, error.message)
        else:
            self._pending.poll(row, is_unconfirmed=row.state is State.INTENDED)
            return
        self._pending.decide(org.username)

    def _refused_by_limit(self, org: Org, error: HubLimitError) -> None:
        """The Dev Hub allows no more: nothing further is sent; sign-ups in progress continue."""
        self._stop(error.code, error.message)
        self._outcomes.never_signed_up(org, error, is_failure=False)
        self._pending.decide(org.username)

    def _stop(self, limit: str, message: str) -> None:
        self._queue.clear()
        if self._context.progress.reach_limit(limit, message):
            self._context.reporter.warn(f"{message} No further sign-ups are sent.")

    def _report(self, org: Org) -> None:
        event = OrgEvent(org.username, org.pool, org.state, step="sign-up")
        self._context.reporter.org(event)

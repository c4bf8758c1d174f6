"""Sign-ups: intent first, a bounded number under way, one query a tick for all of them."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from provisioner.builder.context import BuildContext, RowLostError
from provisioner.builder.crashes import guarded
from provisioner.builder.events import OrgEvent
from provisioner.builder.failures import Failures
from provisioner.builder.room import Room
from provisioner.builder.signup_request import sign_up_request
from provisioner.builder.signup_watch import SignUpWatch
from provisioner.builder.usernames import new_username
from provisioner.errors import STOPS, ErrorKind, HubLimitError, ProvisionerError, RowValueError
from provisioner.ledger.base import Org, State
from provisioner.plan import Creation

MOST_CRASHES = 3  # unexpected exceptions of one sign-up before it is left to the next build


class SignUps:
    """The sign-ups of one build.

    A row is committed as `intended` before its request is sent. When the answer is lost, or
    the process died, the Dev Hub is asked for the username that we chose: found, the org is
    adopted; not found, the request is sent again.
    """

    def __init__(
        self,
        context: BuildContext,
        failures: Failures,
        room: Room,
        activate: Callable[[Org], None],
    ) -> None:
        self._context = context
        self._room = room
        self._failures = failures
        self._queue: deque[Creation] = deque()
        self._sending: set[str] = set()
        self._sent_perhaps: set[str] = set()  # usernames whose request may have left
        self._crashes: Counter[str] = Counter()
        self._watch = SignUpWatch(
            context,
            failures,
            activate=activate,
            send_again=self._send_later,
            freed=self._dispatch,
        )
        room.found = self._dispatch

    def request(self, creations: Iterable[Creation]) -> None:
        """Sign these orgs up, as the circuit breaker admits them and slots come free."""
        with self._context.lock:
            self._queue.extend(self._context.circuit_breaker.admit(creations))
        self._dispatch()

    def dispatch(self, creations: Iterable[Creation]) -> None:
        """Sign up what the circuit breaker held back until now."""
        with self._context.lock:
            self._queue.extend(creations)
        self._dispatch()

    def repeat(self, creation: Creation) -> None:
        """Sign up again, after a sign-up that failed in passing, if the Dev Hub has one left.

        Nobody knows whether the Dev Hub counts one that failed, so it counts as used. A canary
        stays one: what waits behind it waits on.
        """
        context = self._context
        with context.lock:
            if self._has_room():
                self._queue.append(creation)
            else:
                self._queue.extend(context.circuit_breaker.instead(creation.fingerprint))
                text = "the Dev Hub's daily limit allows no retry"
                self._stop_at("daily_limit", f"A sign-up failed, and {text}.")
        self._dispatch()

    def _has_room(self) -> bool:
        """Whether one more may be sent today than what waits already; a slot is another matter."""
        with self._context.lock:
            waiting = len(self._queue) + len(self._sending) + self._context.circuit_breaker.waiting
            return self._context.allowance.daily > waiting

    def resume(self, org: Org) -> None:
        """Take over a row that a dead run left in `intended` or `signing_up`."""
        self._context.under_way.add(org.username)
        is_unconfirmed = org.state is State.INTENDED
        if is_unconfirmed:
            self._context.allowance = self._context.allowance.less(1)
        self._watch.add(org, is_unconfirmed=is_unconfirmed, delay=0.0)

    def _dispatch(self) -> None:
        context = self._context
        with context.lock:
            if self._queue and (why := context.signup_breaker.verdict(self._undecided)):
                self._close(why)
            self._drop_refused()
            without_room: list[Creation] = []
            while self._queue and self._may_send(len(without_room)):
                if context.scheduler.is_stopping:
                    break
                creation = self._queue.popleft()
                if self._room.take(creation.pool):
                    self._intend_and_send(creation)
                else:
                    without_room.append(creation)
            self._queue.extendleft(reversed(without_room))
            if without_room and not context.scheduler.is_stopping:
                self._room.ask(without_room)
            if self._queue and (pause := context.signup_breaker.wait(time.monotonic())):
                job = guarded(context, self._after_pause, self._not_filled)
                context.scheduler.add("sign-ups after a pause", job, pause)

    def _drop_refused(self) -> None:
        """The circuit breaker may have closed since it admitted them."""
        breaker, queued = self._context.circuit_breaker, list(self._queue)
        kept = [each for each in queued if not breaker.refuses(each)]
        breaker.dropped += len(queued) - len(kept)
        self._queue = deque(kept)

    @property
    def left(self) -> int:
        """How many have found no room."""
        return len(self._queue)

    @property
    def _undecided(self) -> int:
        return len(self._sending) + len(self._watch)

    def _may_send(self, more: int) -> bool:
        """Whether one may be sent beside those under way and `more` that wait for room."""
        bound = self._context.config.limits.concurrent_signups
        is_free = self._undecided + more < bound
        return is_free and self._context.signup_breaker.allows(self._undecided, time.monotonic())

    def _after_pause(self) -> None:
        self._dispatch()

    def _not_filled(self, error: ProvisionerError) -> None:
        self._context.say(f"sign-ups: {error.message}", is_warning=True)

    def _close(self, why: str) -> None:
        """Evidence that no more sign-ups are worth their allowance."""
        self._context.circuit_breaker.close(why)
        self._context.say(f"{why}. No further sign-ups are sent.", is_warning=True)

    def _intend_and_send(self, creation: Creation) -> None:
        try:
            self._send_later(self._intend(creation))
        except RowValueError as error:
            text = f"{creation.pool}: no sign-up was sent for an org of {creation.definition}"
            self._context.say(f"{text}: {error.message}", is_warning=True)

    def _intend(self, creation: Creation) -> Org:
        """Commit the row of an org that is about to be asked for."""
        config, run = self._context.config, self._context.run
        now = self._context.now()
        org = Org(
            username=new_username(creation.pool, config.dev_hub.username),
            pool=creation.pool,
            builder_id=run.id,
            run=run.id,
            definition=creation.definition,
            fingerprint=creation.fingerprint,
            consumer_key=config.consumer_app.consumer_key,
            created_at=now,
            step_since=now,
        )
        self._context.ledger.add(org)
        self._context.under_way.add(org.username)
        self._context.allowance = self._context.allowance.less(1)
        return org

    def _send_later(self, org: Org) -> None:
        with self._context.lock:
            self._sending.add(org.username)
        job = guarded(self._context, lambda: self._send(org), lambda e: self._broken(org, e))
        self._context.scheduler.add(f"send {org.username}", job)

    def _send(self, org: Org) -> None:
        """One POST. Its answer, or the lack of one, decides what the row becomes."""
        self._tell(org)
        try:
            request = sign_up_request(self._context, org)
            self._sent_perhaps.add(org.username)
            signup_id = self._context.connections.hub.sign_up(request)
            self._sent(self._context.move(org, State.SIGNING_UP, signup_id=signup_id))
        except RowLostError:
            self._not_sending(org)
        except HubLimitError as error:
            self._refused_by_limit(org, error)
        except STOPS:
            raise  # nothing is wrong with the org: the build stops, the next one resumes it
        except ProvisionerError as error:
            if error.kind is ErrorKind.TRANSIENT:
                self._not_sending(org)
                self._watch.add(org, is_unconfirmed=True)
            else:
                self._failures.never_signed_up(org, error)
                self._not_sending(org)
                self._dispatch()

    def _broken(self, org: Org, error: ProvisionerError) -> None:
        """An unexpected exception. A sign-up that may have been sent is looked for."""
        self._crashes[org.username] += 1
        row = self._context.ledger.get(org.username)
        if row is None or row.builder_id != self._context.run.id:
            pass  # it is somebody else's now
        elif row.username not in self._sent_perhaps:
            self._failures.never_signed_up(row, error)
        elif self._crashes[org.username] >= MOST_CRASHES:
            self._context.leave(row, error.message)
        else:
            self._watch.add(row, is_unconfirmed=row.state is State.INTENDED)
        self._not_sending(org)
        self._dispatch()

    def _sent(self, org: Org) -> None:
        with self._context.lock:
            self._watch.add(org)
            self._not_sending(org)
        self._tell(org)

    def _not_sending(self, org: Org) -> None:
        with self._context.lock:
            self._sending.discard(org.username)

    def _refused_by_limit(self, org: Org, error: HubLimitError) -> None:
        """The hub has no more: nothing further is sent, what runs goes on."""
        with self._context.lock:
            self._queue.clear()
        self._stop_at(error.code, f"{error.message} No further sign-ups are sent.", error.message)
        self._failures.never_signed_up(org, error, is_failure=False)
        self._not_sending(org)

    def _stop_at(self, limit: str, told: str, message: str = "") -> None:
        """A limit of the Dev Hub keeps orgs from being built: the first counts, and is told."""
        context = self._context
        with context.lock:
            if context.limit:
                return
            context.limit, context.limit_message = limit, message or told
        context.say(told, is_warning=True)

    def _tell(self, org: Org) -> None:
        self._context.tell(OrgEvent(org.username, org.pool, org.state, step="sign-up"))

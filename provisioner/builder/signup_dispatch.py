"""Decides which sign-ups are sent now; one job does it, whenever something has changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.signup_queue import DISPATCH, SLOT

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.login_way import LoginWay
    from provisioner.builder.pending_signups import PendingSignUps
    from provisioner.builder.room import Room
    from provisioner.builder.shared_limits import SharedLimits
    from provisioner.builder.signup_breaker import SignUpBreaker
    from provisioner.builder.signup_queue import SignUpQueue
    from provisioner.builder.signup_sender import SignUpSender
    from provisioner.plan import Creation


@dataclass
class _Decision:
    """What one run of the job decides, under the build's lock, and does after its release."""

    send: list[tuple[str, Creation]] = field(default_factory=list)  # by username
    without_room: list[Creation] = field(default_factory=list)
    stopped_because: str = ""
    pause: float | None = None  # seconds until another sign-up may be tried


class SignUpDispatch:
    """Sends what is in the queue, as far as circuit breakers, `limits` and free slots allow.

    While it is not known whether the Dev Hub's app is copied into orgs, one org is tried at a time.

    Whatever may allow another sign-up wakes its job: a creation in the queue, a decided sign-up, a
    free slot.
    """

    def __init__(
        self,
        context: BuildContext,
        queue: SignUpQueue,
        pending: PendingSignUps,
        room: Room,
        breaker: SignUpBreaker,
        sender: SignUpSender,
        way: LoginWay,
        shared: SharedLimits,
    ) -> None:
        self._context = context
        self._shared = shared
        self._queue = queue
        self._pending = pending
        self._room = room
        self._breaker = breaker
        self._sender = sender
        self._way = way
        context.scheduler.register(
            DISPATCH,
            guarded(
                context.reporter,
                self._dispatch,
                lambda error: context.reporter.warn(f"sending sign-ups failed: {error.message}"),
            ),
        )

    def _dispatch(self) -> float | None:
        decision = self._decide()
        for username, creation in decision.send:
            self._sender.request(username, creation)
        if decision.stopped_because:
            text = f"{decision.stopped_because}. No further sign-ups are sent."
            self._context.reporter.warn(text)
        if decision.without_room:
            self._room.request(decision.without_room)
        return decision.pause

    def _decide(self) -> _Decision:
        """Take slots for what may be sent now. Memory only."""
        decision, breaker = _Decision(), self._context.circuit_breaker
        with self._context.lock:
            waiting = self._queue.take_all()
            if waiting and (why := self._breaker.verdict(len(self._pending))):
                breaker.trip(why)
                decision.stopped_because = why
            waiting = breaker.still_allowed(waiting)
            while waiting and self._may_send(len(decision.without_room)):
                creation = waiting.pop(0)
                username = self._context.lifecycle.new_username(creation)
                if self._room.take(creation.pool, username):
                    self._start(username)
                    decision.send.append((username, creation))
                else:
                    decision.without_room.append(creation)
            left = [*decision.without_room, *waiting]
            self._queue.put_back(left, self._why_waiting(decision))
            slots = self._context.config.limits.concurrent_signups
            waiting_for_slot = len(left) if len(self._pending) >= slots else 0
            self._context.poll_times.queue(waiting_for_slot, slots)
            if len(self._queue):
                now = time.monotonic()
                decision.pause = max(self._breaker.wait(now), self._shared.pause(now)) or None
        return decision

    def _why_waiting(self, decision: _Decision) -> str:
        """What the first waiting org waits for, for people who watch the build."""
        if decision.without_room:
            return "a free slot of the Dev Hub"
        if self._way.is_on_trial:
            return "the first login"
        paused = self._breaker.wait(time.monotonic()) > 0
        return "a pause after failed sign-ups" if paused else SLOT

    def _start(self, username: str) -> None:
        self._shared.started()
        self._way.try_with(username)
        self._pending.start(username)
        self._context.progress.start(username, spends_sign_up=True)

    def _may_send(self, more: int) -> bool:
        """Whether one may be sent beside the pending ones and `more` that wait for room."""
        if self._context.scheduler.is_stopping or self._way.is_on_trial:
            return False
        if self._shared.pause(time.monotonic()):
            return False
        undecided, bound = len(self._pending), self._context.config.limits.concurrent_signups
        if undecided + more >= bound:
            return False
        return self._breaker.allows(undecided, time.monotonic(), self._pending.in_progress)

"""Orgs that wait for their sign-ups to be sent. Memory only.

Failures, completed orgs and free slots all lead to further sign-ups. They append to this queue, or
wake the job that sends what is in it (`provisioner.builder.signup_dispatch`), and need no reference
to that job.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.builder.circuit_breaker import content_of
from provisioner.plan import Creation, PoolPlan

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.snapshots import Snapshots

DISPATCH = "dispatch of sign-ups"
"""The key of the job that sends what is in the queue."""

SNAPSHOT = "the snapshot"
SLOT = "a sign-up slot"
"""What an org waits for while as many sign-ups are in progress as `limits` allows."""


class SignUpQueue:
    """What is to be signed up, in this order. Safe to use from several threads."""

    def __init__(self, context: BuildContext, snapshots: Snapshots | None = None) -> None:
        """`snapshots` decides which orgs are signed up from one, and which wait for one."""
        self._context = context
        self._snapshots = snapshots
        self._waiting: deque[Creation] = deque()
        self._reason = "a sign-up"  # until the dispatch says why they are not sent

    def __len__(self) -> int:
        return len(self._waiting)

    def request(self, creations: Iterable[Creation]) -> None:
        """Sign these orgs up; the circuit breaker may hold some of them back, or drop them."""
        admitted = self._snapshots.admit(creations) if self._snapshots else creations
        self.add(self._context.circuit_breaker.admit(admitted))

    def add(self, creations: Iterable[Creation]) -> None:
        """Sign these orgs up; the circuit breaker has let them through."""
        with self._context.lock:
            self._waiting.extend(creations)
        self._context.scheduler.wake(DISPATCH)

    def retry(self, creation: Creation) -> None:
        """Sign up again after a transient failure, if the Dev Hub has one more sign-up today.

        It is not documented whether the Dev Hub counts a failed one, so it counts as used. If the
        failed one was a canary, so is the new one.
        """
        breaker = self._context.circuit_breaker
        with self._context.lock:
            has_one = self._context.progress.allowance.daily > len(self._waiting) + breaker.waiting
            self._waiting.extend([creation] if has_one else breaker.instead(content_of(creation)))
        self._context.scheduler.wake(DISPATCH)
        if has_one:
            return
        message = "A sign-up failed, and the Dev Hub's daily limit allows no retry."
        if self._context.progress.reach_limit("daily_limit", message):
            self._context.reporter.warn(message)

    def take_all(self) -> list[Creation]:
        """Empty the queue, under the build's lock; `put_back` returns what cannot be sent yet."""
        taken, self._waiting = list(self._waiting), deque()
        return taken

    def put_back(self, creations: Iterable[Creation], reason: str) -> None:
        """Return creations to the front of the queue, under the build's lock.

        `reason` is what the first of them waits for, for people who watch the build.
        """
        self._reason = reason
        self._waiting.extendleft(reversed(list(creations)))

    def put_first(self, creation: Creation) -> None:
        """Return a creation that was taken; whoever does wakes the job that sends it."""
        with self._context.lock:
            self._waiting.appendleft(creation)

    def reasons(self, pool: str) -> dict[str, int]:
        """What the orgs of a pool wait for, and how many do."""
        with self._context.lock:
            count = sum(creation.pool == pool for creation in self._waiting)
        reasons = {self._reason: count} if count else {}
        if self._snapshots and (waiting := self._snapshots.waiting(pool)):
            reasons[SNAPSHOT] = waiting
        return reasons

    def clear(self) -> None:
        """Send none of them."""
        with self._context.lock:
            self._waiting.clear()


def in_turn(plans: Sequence[PoolPlan]) -> Iterator[Creation]:
    """The creations of all pools in turn: a pool of one does not wait behind a pool of fifty."""
    queues = [list(plan.create) for plan in plans]
    while any(queues):
        for queue in queues:
            if queue:
                yield queue.pop(0)

"""The sign-ups that are being sent, or have no outcome yet. Memory only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.builder.poll_times import PendingStage, Stage
from provisioner.builder.signup_queue import DISPATCH
from provisioner.builder.step_list import StepLists

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.deadline import Deadline
    from provisioner.ledger.base import Org

POLL = "poll of sign-ups"
"""The key of the job that polls them (`provisioner.builder.signup_poll`)."""
FIRST_POLL = 1.0  # seconds from a sign-up to its first poll, if no other has been measured
LONGEST_ARRIVAL = 30.0  # seconds an insert may take (docs/reference/durations.md)
MOST_MISSES = 3  # polls that must not find a username before its sign-up is sent again


@dataclass
class PendingSignUp:
    """One sign-up that is polled."""

    org: Org
    deadline: Deadline
    since: float  # by time.monotonic: since when this build polls it
    misses: int | None  # polls that did not find it; None when the Dev Hub has it
    is_fresh: bool  # sent by this process, which therefore knows its age
    is_in_progress: bool = False  # a poll has shown it
    crashes: int = 0  # unexpected exceptions that were about it


class PendingSignUps:
    """The sign-ups in progress. Safe to use from several threads.

    Each counts from the decision to send it until it is decided: the org is active, has failed, or
    is left to the next build. The next one may then be sent.
    """

    def __init__(self, context: BuildContext) -> None:
        self._context = context
        self._lists = StepLists(context.config)
        self._usernames: set[str] = set()
        self._polled: dict[str, PendingSignUp] = {}
        self.decided = 0  # how many are pending no longer

    def __len__(self) -> int:
        return len(self._usernames)

    @property
    def polled(self) -> list[PendingSignUp]:
        """Those that are to be polled."""
        with self._context.lock:
            return list(self._polled.values())

    @property
    def in_progress(self) -> int:
        """How many a poll has shown."""
        with self._context.lock:
            return sum(one.is_in_progress for one in self._polled.values())

    def start(self, username: str) -> None:
        """A sign-up is about to be sent."""
        with self._context.lock:
            self._usernames.add(username)

    def withdraw(self, username: str) -> None:
        """A sign-up is not sent."""
        with self._context.lock:
            self._usernames.discard(username)

    def poll(self, org: Org, *, is_unconfirmed: bool = False, is_resumed: bool = False) -> None:
        """Poll a sign-up that was sent, or `is_unconfirmed`: perhaps sent, the answer was lost.

        One that an earlier build has left is polled at once.
        """
        pending = PendingSignUp(
            org,
            self._context.lifecycle.sign_up_deadline(org),
            time.monotonic(),
            misses=0 if is_unconfirmed else None,
            is_fresh=not (is_resumed or is_unconfirmed),
        )
        with self._context.lock:
            is_first = not self._polled
            self._usernames.add(org.username)
            self._polled[org.username] = pending
        wait = 0.0 if is_resumed else self.next_poll() if is_first else None
        if wait is not None:
            self._context.scheduler.wake(POLL, wait)

    def next_poll(self) -> float | None:
        """Seconds until the next poll of all; None without any."""
        scale = self._context.options.time_scale
        stages = [
            PendingStage(self._stage(one.org), one.deadline.age * scale) for one in self.polled
        ]
        if not stages:
            return None
        wait = self._context.poll_times.sign_ups(stages, FIRST_POLL * scale)
        if any(one.misses is not None for one in self.polled):
            wait = min(wait, LONGEST_ARRIVAL / MOST_MISSES * scale)
        return self._context.varied(wait)

    def _stage(self, org: Org) -> Stage:
        return Stage(org.username, org.pool, later=[step.name for step in self._lists.of(org)])

    def poll_again(self, pending: PendingSignUp) -> None:
        """Continue to poll a sign-up after an unexpected exception."""
        with self._context.lock:
            self._usernames.add(pending.org.username)
            self._polled[pending.org.username] = pending

    def stop_polling(self, org: Org) -> None:
        """It is to be sent again."""
        with self._context.lock:
            self._polled.pop(org.username, None)

    def show(self, pending: PendingSignUp) -> None:
        """A poll has shown a sign-up in progress; further ones may be sent."""
        if not pending.is_in_progress:
            pending.is_in_progress = True
            self._context.scheduler.wake(DISPATCH)

    def decide(self, username: str) -> None:
        """It is pending no longer: there is a place for another one."""
        with self._context.lock:
            self.withdraw(username)
            self._polled.pop(username, None)
            self.decided += 1
        self._context.scheduler.wake(DISPATCH)

"""What a build does when other builds use what the Dev Hub allows: it waits, or reads again."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from provisioner.builder.crashes import guarded
from provisioner.builder.hub_reading import SharedAllowance, shared_allowance
from provisioner.builder.signup_queue import DISPATCH
from provisioner.errors import LoginError, SalesforceError
from provisioner.ledger.hub_counts import CONCURRENT

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.pending_signups import PendingSignUps
    from provisioner.builder.room import Room
    from provisioner.errors import ProvisionerError
    from provisioner.ledger.hub_counts import Shortage

READ_AGAIN = "limits of the Dev Hub"
"""The key of the job that reads them again."""
SHORTEST_WAIT, LONGEST_WAIT = 2.0, 20.0  # seconds until a sign-up is tried again
GROWTH = 1.6  # of that wait, each time that there was none
MOST_READINGS = 5  # of the limits, after the one of the plan


class SharedLimits:
    """Whether the next sign-up may be tried. Safe to use from several threads.

    For a place among the sign-ups in progress, the ledger is asked again after a growing wait, or
    when a sign-up of this build is decided. The Dev Hub is asked again only if its last figures
    may have counted a sign-up that was subtracted as well.
    """

    def __init__(
        self, context: BuildContext, pending: PendingSignUps, pools: Collection[str]
    ) -> None:
        self._context = context
        self._pending = pending
        self._pools = pools
        self._wait = SHORTEST_WAIT
        self._until = 0.0  # by time.monotonic: no sign-up is tried before …
        self._decided = 0  # … unless more sign-ups than these are decided
        self._readings = 0
        self._is_reading = False
        self._is_full = False  # there was no place for the last one that was tried
        self._is_trying = False
        self._waiting = 0  # orgs, when it was last asked for more room
        job = guarded(context.reporter, self._read, self._not_read)
        context.scheduler.register(READ_AGAIN, job)

    def pause(self, now: float) -> float:
        """Seconds until a sign-up may be tried; 0 for now. Under the build's lock."""
        if self._is_reading or self._is_trying:
            return LONGEST_WAIT  # the outcome wakes the dispatch
        if self._pending.decided != self._decided:
            return 0.0
        return max(0.0, self._until - now)

    def started(self) -> None:
        """A sign-up is tried. While there was no place for the last one, it is the only one."""
        self._is_trying = self._is_full

    def ended(self) -> None:
        """There was a place for it, or it was not tried after all: others may be."""
        with self._context.lock:
            was_full = self._is_full
            self._is_full = self._is_trying = False
            self._wait = SHORTEST_WAIT
        if was_full:
            self._context.scheduler.wake(DISPATCH)

    def refused(self, shortage: Shortage) -> bool:
        """There was none: whether another try may succeed."""
        with self._context.lock:
            self._is_trying = False
            self._is_full = shortage.limit == CONCURRENT
            if self._is_full:
                self._try_later()
                return True
            if self._is_reading:
                return True
            if shortage.is_certain or self._readings >= MOST_READINGS:
                return False
            self._is_reading = True
            delay = self._context.wait(SHORTEST_WAIT * 2.0**self._readings)
            self._readings += 1
        self._context.scheduler.wake(READ_AGAIN, delay)
        return True

    def has_more(self, room: Room, waiting: int) -> bool:
        """At the end, when so many orgs had no room: whether other builds have left some now.

        Then they are dispatched.
        """
        context = self._context
        is_over = context.progress.limit or context.scheduler.is_stopping
        is_idle = waiting in (0, self._waiting) or self._readings >= MOST_READINGS
        if is_over or is_idle or not context.progress.is_bounded:
            return False
        self._waiting = waiting
        self._readings += 1
        try:
            slots = self._request().left.active
        except (SalesforceError, LoginError) as error:
            self._not_read(error)
            return False
        room.add(slots)
        if slots > 0:
            context.scheduler.wake(DISPATCH)
        return slots > 0

    def _try_later(self) -> None:
        now = time.monotonic()
        if now >= self._until or self._pending.decided != self._decided:
            self._until = now + self._context.wait(self._wait)
            self._wait = min(self._wait * GROWTH, LONGEST_WAIT)
        self._decided = self._pending.decided

    def _read(self) -> None:
        self._request()
        self._resume()

    def _request(self) -> SharedAllowance:
        context = self._context
        hub, hub_id = context.connections.hub, context.connections.hub_id
        return shared_allowance(context.config, context.ledger, hub, hub_id, self._pools)

    def _not_read(self, error: ProvisionerError) -> None:
        self._context.reporter.warn(f"the limits of the Dev Hub could not be read: {error.message}")
        self._resume()

    def _resume(self) -> None:
        with self._context.lock:
            self._is_reading = False
        self._context.scheduler.wake(DISPATCH)

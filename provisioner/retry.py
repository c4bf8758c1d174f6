"""The retry policies of all requests to Salesforce, and the retry budget of a call.

There are two levels of retries. They add up and do not multiply
(docs/decisions/retries-add-up.md).

1. *One call* (`CALL`) is retried a few times within seconds, while its thread waits. All layers of
   a call share one budget (`budget`): the request, a malformed answer, the pages of a query, the
   login and its endpoints.
2. *Work that consists of calls* is retried as a whole after longer waits: the start of a build
   (`BUILD_START`), a step of an org (`STEP`), and a request to the ledger on a Dev Hub (`LEDGER`).
   Within such work (`repeated`), a call that has used up its budget is sent only once in each
   repetition, until it is answered.

A transaction of a ledger in a database is retried on one level (`DATABASE`), until a time limit.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import sleep as sleep


@dataclass(frozen=True)
class Policy:
    """The number of retries, and the wait before each."""

    waits: tuple[float, ...]  # seconds before each retry
    repeats_last: bool = False  # whether the last wait is repeated until a time limit
    jitter: float = (
        0.2  # fraction by which a wait varies, so that many clients do not retry at once
    )

    @property
    def tries(self) -> int:
        """The maximum number of tries, with the first one."""
        return 1 + len(self.waits)

    def wait(self, number: int) -> float:
        """Seconds before retry `number`, from 1. The last wait applies to all further retries."""
        return self.waits[min(number, len(self.waits)) - 1]


CALL = Policy((0.2, 0.7, 1.6))
"""2.5 s in total, because a user of `claim` or a thread of a build waits. A restart of a front end,
a connection reset and a 503 of a single server are over by then."""

LEDGER = Policy((0.1, 0.2, 0.4, 0.8, 1.6, *(2.0,) * 6), jitter=0.25)
"""15 s, as long as the other ledgers wait for their server. No other level retries a claim, and it
must be found out whether a lost write took effect."""

DATABASE = Policy((0.16,), repeats_last=True, jitter=0.875)
"""From 0.02 to 0.3 s, until the time limit of the `Budget`: another process holds a lock for some
milliseconds, a backup for many seconds, and a server restarts within seconds."""

BUILD_START = Policy((2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0), jitter=0.0)
"""4 min, because a build usually starts once a day; an instance restarts within that time."""

STEP = Policy((2.0, 4.0, 8.0, 16.0, 32.0, *(60.0,) * 15), jitter=0.0)
"""About 16 min with 20 retries, as in CumulusCI. A failed org costs a sign-up of the daily limit,
and no thread waits for the retries."""

AT_ONCE = Policy((0.0, 0.0))
"""For an answer with a success status and malformed content; the next answer is usually valid. Used
for login endpoints and for records of the ledger, whose single requests have their own retries."""

WARN_AFTER = 2.0  # seconds of waiting without a warning


class Budget:
    """The retries that one call has left, in all of its layers together."""

    def __init__(
        self, policy: Policy, time_scale: float = 1.0, *, seconds: float = math.inf
    ) -> None:
        """`seconds` is the time limit: no try starts later. `time_scale` is a factor on waits."""
        self._policy = policy
        self._time_scale = time_scale
        self._seconds = seconds
        self._start = time.monotonic()
        self._used = 0
        self._has_warned = False

    def wait(self, reason: str = "") -> bool:
        """Wait before the next retry. Returns False immediately when no retry is left.

        With `reason`, a wait that becomes long is logged once, as a warning.
        """
        if self.is_spent:
            return False
        waited = time.monotonic() - self._start
        if reason and waited >= WARN_AFTER and not self._has_warned:
            self._has_warned = True
            _warn(reason, self._seconds)
        self._used += 1
        part = self._policy.jitter
        varied = random.uniform(1 - part, 1 + part)  # noqa: S311 - jitter, no secret
        pause = self._policy.wait(self._used) * self._time_scale * varied
        sleep(max(0.0, min(pause, self._seconds - waited)))
        return True

    @property
    def is_spent(self) -> bool:
        """Whether no retry is left."""
        if time.monotonic() - self._start >= self._seconds:
            return True
        return not self._policy.repeats_last and self._used >= len(self._policy.waits)


def _warn(reason: str, seconds: float) -> None:
    import logging

    logging.getLogger(__name__).warning("%s; waiting up to %.0f s", reason, seconds)


_NONE = Policy(())
_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)
_failed: ContextVar[set[str] | None] = ContextVar("failed", default=None)


@contextmanager
def budget(call: str, *, time_scale: float = 1.0) -> Iterator[Budget]:
    """The budget of the current call: that of the layer above, or a new one.

    `call` identifies the call by recipient and purpose. `time_scale` is the factor on the waits of
    a new budget.
    """
    if (outer := _budget.get()) is not None:
        yield outer
        return
    failed = _failed.get()
    made = Budget(_NONE if failed and call in failed else CALL, time_scale)
    token = _budget.set(made)
    try:
        yield made
    except Exception:
        if failed is not None and made.is_spent:
            failed.add(call)
        raise
    else:
        if failed is not None:
            failed.discard(call)
    finally:
        _budget.reset(token)


@contextmanager
def repeated(failed: set[str]) -> Iterator[None]:
    """A context for work that the caller retries as a whole, after longer waits.

    `failed` holds the calls that have used up their budget. Each is sent only once in a repetition,
    until it is answered. The caller passes the same set to each repetition.
    """
    token = _failed.set(failed)
    try:
        yield
    finally:
        _failed.reset(token)

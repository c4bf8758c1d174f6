"""What is tried again, how often, and who does it: one table for all that talks to Salesforce.

There are two levels, and they add up; they do not multiply.

1. *One call* (`CALL`): whoever sends may try again a few times, within seconds, while a thread
   waits. All layers of a call draw from one budget: the request, the answer that is malformed,
   the pages of a query, the login and its hosts (`budget`).
2. *Code above a call* repeats the whole operation after longer waits: a build's start
   (`BUILD_START`), a step of an org (`STEP`), and a request to the ledger on a Dev Hub (`LEDGER`).
   Within it (`repeated`), a call whose budget was used up is sent once by each repetition, until
   it is answered: the longer wait was its retry.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import sleep as sleep


@dataclass(frozen=True)
class Policy:
    """How often something is tried again, and after which waits."""

    waits: tuple[float, ...]  # seconds before the second try, and before each further one
    jitter: float = 0.2  # part of a wait by which it varies, so that many do not come back at once

    @property
    def tries(self) -> int:
        """The most that are made."""
        return 1 + len(self.waits)

    def wait(self, number: int) -> float:
        """Seconds before try `number`, counted from 1 for the second; the last one is repeated."""
        return self.waits[min(number, len(self.waits)) - 1]


CALL = Policy((0.2, 0.7, 1.6))
"""2.5 s: a person at `claim`, or a thread of a build, waits for it. A restarted front end, a
connection that was reset and a 503 of one server out of many are over by then."""

LEDGER = Policy((0.1, 0.2, 0.4, 0.8, 1.6, *(2.0,) * 6), jitter=0.25)
"""As long as the other ledgers wait for their server (15 s): nobody above a claim tries again, and
a write that was lost must become certain."""

BUILD_START = Policy((2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 60.0), jitter=0.0)
"""4 min: cron starts a build once a night, and an instance that restarts is back by then."""

STEP = Policy((2.0, 4.0, 8.0, 16.0, 32.0, *(60.0,) * 15), jitter=0.0)
"""About 16 min, 20 times as CumulusCI has it: an org costs a sign-up of the daily allowance, and
no thread waits for it meanwhile."""


AT_ONCE = Policy((0.0, 0.0))
"""An answer of success that holds nothing of use: the next one is another, as a rule. For the hosts
of a login and the records of the ledger, where each single request has its retries already."""


class Budget:
    """The tries that one call has left, whoever of its layers asks for one."""

    def __init__(self, policy: Policy, time_scale: float = 1.0) -> None:
        self._policy = policy
        self._time_scale = time_scale
        self._used = 0

    def wait(self) -> bool:
        """Wait for the next try; False, at once, when there is none left."""
        if self.is_spent:
            return False
        self._used += 1
        part = self._policy.jitter
        varied = random.uniform(1 - part, 1 + part)  # noqa: S311 - jitter, no secret
        sleep(self._policy.wait(self._used) * self._time_scale * varied)
        return True

    @property
    def is_spent(self) -> bool:
        """Whether there is no try left."""
        return self._used >= len(self._policy.waits)


_NONE = Policy(())
_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)
_failed: ContextVar[set[str] | None] = ContextVar("failed", default=None)


@contextmanager
def budget(call: str, *, time_scale: float = 1.0) -> Iterator[Budget]:
    """The budget of the call that this thread is making: that of the layer above, or a new one.

    `call` identifies the call: the recipient and the purpose. `time_scale` is the factor on the
    waits of a new budget.
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
    """What is in here is tried again from above, after longer waits.

    `failed` holds the calls whose budget was used up: they are sent once until one is answered.
    The caller keeps it from one repetition to the next.
    """
    token = _failed.set(failed)
    try:
        yield
    finally:
        _failed.reset(token)

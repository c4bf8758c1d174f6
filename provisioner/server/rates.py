"""How often an address, or a person, may send a request."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from provisioner.errors import AccessError

MOST_NAMES = 10_000  # that are remembered


@dataclass(frozen=True)
class Allowance:
    """So many times a second in the long run, and so many at once."""

    per_second: float
    at_once: float


OF_ADDRESS = Allowance(20.0, 400.0)
"""Many people may share one address: those behind a router, or the jobs of one runner."""
OF_PERSON = Allowance(10.0, 200.0)
OF_GUESSES = Allowance(0.1, 10.0)
"""Tokens that are not the one of the token file, by address."""
REFUSALS_OF_ADDRESS = Allowance(1 / 60, 5)
REFUSALS = Allowance(1 / 30, 100)
"""Those that are recorded, of all addresses together."""


class TooManyRequestsError(AccessError):
    """Too many requests; the next one is allowed after `wait` seconds."""

    default_code = "too_many_requests"

    def __init__(self, wait: float) -> None:
        super().__init__("too many requests", hint=f"wait {wait:.0f} s, and send fewer")
        self.wait = wait


class Rates:
    """How many times each name may still do something. Bounded in memory; safe in threads."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def require(self, name: str) -> None:
        """Count one more time. Raises TooManyRequestsError if it is not allowed."""
        wait = self.wait(name)
        if wait:
            raise TooManyRequestsError(wait)

    def wait(self, name: str, now: float | None = None) -> float:
        """Count one more time, at the monotonic time `now`.

        Returns 0 if it is allowed, else after how many seconds the next one is.
        """
        now = time.monotonic() if now is None else now
        most, per_second = self._allowance.at_once, self._allowance.per_second
        with self._lock:
            left, since = self._left.pop(name, (most, now))
            left = min(most, left + (now - since) * per_second)
            allowed = left >= 1
            self._left[name] = (left - 1 if allowed else left, now)
            if len(self._left) > MOST_NAMES:
                self._left.popitem(last=False)
        return 0.0 if allowed else max((1 - left) / per_second, 0.001)


class Refusals:
    """Decides which refusals are events in the ledger. Safe to use from several threads."""

    def __init__(self) -> None:
        self._of_address = Rates(REFUSALS_OF_ADDRESS)
        self._of_all = Rates(REFUSALS)
        self._left_out = 0
        self._lock = Lock()

    def left_out(self, address: str, now: float | None = None) -> int | None:
        """How many were left out since the last one; None: this one is left out, too."""
        is_recorded = not self._of_address.wait(address, now) and not self._of_all.wait("", now)
        with self._lock:
            if not is_recorded:
                self._left_out += 1
                return None
            found, self._left_out = self._left_out, 0
        return found

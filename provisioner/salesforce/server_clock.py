"""Compares the clock of this machine with the `Date` header of Salesforce's answers.

Orgs are deleted by their age, and times are recorded in the ledger. With a clock that is days
ahead, all orgs of a pool seem expired. Every answer of the Dev Hub has a date, so the comparison
needs no extra request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioner.errors import ClockError
from provisioner.salesforce.reply import Headers, Post, Reply

TOLERANCE = timedelta(minutes=5)
"""The accepted difference between the clocks; a JWT assertion needs about the same accuracy."""

_NONE = timedelta()


@dataclass(frozen=True)
class DatedAnswer:
    """One answer with a date."""

    server: datetime  # the time of the server's clock
    local: datetime  # the time of this machine's clock after the answer
    ahead: timedelta  # how far this machine's clock is ahead; negative: behind
    at: float  # the same time by a monotonic clock, in seconds


class ServerClock:
    """The clock of one server, by its last answer with a date. Safe to use from several threads.

    `wall` and `steady` are this machine's clocks: the wall clock, and a monotonic clock in seconds.
    """

    def __init__(
        self,
        name: str = "the Dev Hub",
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._wall = wall
        self._steady = steady
        self._last: DatedAnswer | None = None
        self._lock = threading.Lock()

    def observe(self, headers: Headers, took: float = 0.0) -> None:
        """Record the date of an answer that came `took` seconds after its request.

        An answer without a date, or from a cache (`Age`), is ignored.
        """
        server = _parsed(headers.get("Date", ""))
        if server is None or headers.get("Age", ""):
            return
        local = self._wall()
        ahead = local - server
        if ahead > _NONE:  # the server may have set the date at any time since the request
            ahead = max(_NONE, ahead - timedelta(seconds=took))
        with self._lock:
            self._last = DatedAnswer(server, local, ahead, self._steady())

    def watching(self, post: Post) -> Post:
        """A function like `post` that also observes each answer."""

        def observed(url: str, form: Mapping[str, str]) -> Reply:
            sent = self._steady()
            reply = post(url, form)
            self.observe({"Date": reply.date}, self._steady() - sent)
            return reply

        return observed

    @property
    def last(self) -> DatedAnswer | None:
        """The last answer with a date; None before the first one."""
        return self._last

    @property
    def is_off(self) -> bool:
        """Whether this machine's clock differs from the server's by more than TOLERANCE."""
        last = self._last
        return last is not None and abs(last.ahead) > TOLERANCE

    def now(self) -> datetime:
        """The time of this machine, or after a jump of its clock, that of the server."""
        wall, last = self._wall(), self._last
        if last is None:
            return wall
        expected = last.server + timedelta(seconds=self._steady() - last.at)
        return wall if abs(wall - expected) <= TOLERANCE else expected

    def check(self) -> None:
        """Raise ClockError with both times when `is_off`."""
        last = self._last
        if last is None or abs(last.ahead) <= TOLERANCE:
            return
        way = "ahead of" if last.ahead > _NONE else "behind"
        local, server = minute_and_second(last.local), minute_and_second(last.server)
        raise ClockError(
            f"the clock of this machine ({local}) is {in_words(abs(last.ahead))} {way} that of "
            f"{self._name} ({server}); the command stops, so that it deletes no org by mistake",
            hint="set the clock of this machine, for example by NTP: `timedatectl set-ntp true`; "
            "then run the command again. Unfinished work is recorded in the ledger",
        )


def _parsed(date: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def minute_and_second(moment: datetime) -> str:
    """`2026-11-28 17:04:09 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def in_words(span: timedelta) -> str:
    """`3 days`, `36 hours`, `7 minutes`, `2 seconds`."""
    seconds = span.total_seconds()
    units = (("days", 86_400), ("hours", 3600), ("minutes", 60))
    name, unit = next((each for each in units if seconds >= 1.9 * each[1]), ("seconds", 1))
    return f"{round(seconds / unit)} {name}"

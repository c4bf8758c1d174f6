"""Whether the clock of this machine is right: compared with the `Date` of Salesforce's answers.

What is deleted because of its age, and what is recorded with a time, rests on a clock. A clock
that is days ahead makes a healthy pool look expired. Every answer of the Dev Hub is dated, so the
comparison costs no request.
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
"""How far the clocks may be apart; a JWT assertion must be about as exact."""

_NONE = timedelta()


@dataclass(frozen=True)
class _Seen:
    """One dated answer."""

    told: datetime  # what its server's clock read
    read: datetime  # what the clock of this machine read when the answer had come
    ahead: timedelta  # by how much this machine's clock is ahead; negative: behind
    at: float  # the same instant by a clock that does not jump, seconds


class ServerClock:
    """The clock of one server, as its last dated answer told it. Safe to use from several threads.

    `wall` and `steady` are this machine's clocks: the one that can be set, and one that does not
    jump (seconds from any origin).
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
        self._seen: _Seen | None = None
        self._lock = threading.Lock()

    def observe(self, headers: Headers, took: float = 0.0) -> None:
        """An answer has come, `took` seconds after its request was sent. One without date says
        nothing, and neither does one out of a cache (`Age`).
        """
        told = _parsed(headers.get("Date", ""))
        if told is None or headers.get("Age", ""):
            return
        read = self._wall()
        ahead = read - told
        if ahead > _NONE:  # it may have been dated at any time since its request
            ahead = max(_NONE, ahead - timedelta(seconds=took))
        with self._lock:
            self._seen = _Seen(told, read, ahead, self._steady())

    def watching(self, post: Post) -> Post:
        """`post`, with each of its answers observed."""

        def watched(url: str, form: Mapping[str, str]) -> Reply:
            sent = self._steady()
            reply = post(url, form)
            self.observe({"Date": reply.date}, self._steady() - sent)
            return reply

        return watched

    @property
    def is_off(self) -> bool:
        """Whether the last dated answer says that this machine's clock is wrong."""
        seen = self._seen
        return seen is not None and abs(seen.ahead) > TOLERANCE

    def now(self) -> datetime:
        """The time, by this machine's clock unless that has jumped since the last answer."""
        wall, seen = self._wall(), self._seen
        if seen is None:
            return wall
        reckoned = seen.told + timedelta(seconds=self._steady() - seen.at)
        return wall if abs(wall - reckoned) <= TOLERANCE else reckoned

    def check(self) -> None:
        """Raises ClockError, which states both times, when this machine's clock is wrong."""
        seen = self._seen
        if seen is None or abs(seen.ahead) <= TOLERANCE:
            return
        way = "ahead" if seen.ahead > _NONE else "behind"
        raise ClockError(
            f"the clock of this machine reads {_text(seen.read)}, that of {self._name} "
            f"{_text(seen.told)}: this machine is {_span(abs(seen.ahead))} {way}. Nothing is "
            "deleted by a wrong clock",
            hint="set the clock of this machine (for instance by NTP: `timedatectl set-ntp true`), "
            "then run the command again; unfinished work is recorded in the ledger",
        )


def _parsed(date: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _span(span: timedelta) -> str:
    """`3 days`, `36 hours`, `7 minutes`."""
    seconds = span.total_seconds()
    name, unit = next(
        (each for each in (("days", 86_400), ("hours", 3600)) if seconds >= 1.9 * each[1]),
        ("minutes", 60),
    )
    return f"{round(seconds / unit)} {name}"

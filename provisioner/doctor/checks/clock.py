"""The clock of this machine agrees with the `Date` header of the Dev Hub's answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from provisioner.doctor.result import Result, ok, problem, skipped, warning
from provisioner.errors import ClockError
from provisioner.plain_text import quantity
from provisioner.salesforce.server_clock import TOLERANCE, in_words, minute_and_second

if TYPE_CHECKING:
    from provisioner.doctor.examination import Examination

NOTICEABLE = timedelta(seconds=60)
"""A login is refused from about three minutes on (docs/reference/login.md)."""

_FIX = "set the clock of this machine, for example by NTP: timedatectl set-ntp true"


def examine(examination: Examination) -> Iterator[Result]:
    """Compare with the last answer, so that it costs no request."""
    last = examination.connections.clock.last
    if last is None:
        yield skipped("not checked, because the Dev Hub sent no answer with a date")
        return
    apart = abs(last.ahead)
    here, there = minute_and_second(last.local), minute_and_second(last.server)
    both = f"here {here}, there {there}"
    if apart < NOTICEABLE:
        yield ok(f"within {_bound(apart)} of that of the Dev Hub ({both})")
        return
    way = "ahead of" if last.ahead > timedelta() else "behind"
    text = f"{in_words(apart)} {way} that of the Dev Hub ({both})"
    if apart <= TOLERANCE:
        yield warning(f"{text}; from 3 minutes on, logins fail", _FIX)
    else:
        yield problem(ClockError(text, hint=_FIX))


def _bound(apart: timedelta) -> str:
    """The difference, rounded up to seconds: a `Date` header has no fractions."""
    return quantity(int(apart.total_seconds()) + 1, "second")

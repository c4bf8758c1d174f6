"""What all builds together may still sign up on one Dev Hub: counted from rows, never stored.

The Dev Hub says how many sign-ups and active orgs remain. A build stores that *reading* in the
ledger, and marks each row by what the reading says about it:

- UNCOUNTED: its sign-up came later, or was being sent. It is to be subtracted.
- COUNTED: it is in the figures of the Dev Hub, and its slot is free when the row is `deleted`.
- APART: it is in the figures as well, but its deletion may have been, too, or happens elsewhere
  (claimed, released, failed, expired). Only the next reading shows that its slot is free.

No time is compared. A row is COUNTED only if its sign-up was acknowledged before the reading was
requested, so none is forgotten; one that was not is subtracted, and perhaps counted twice until
the next reading (`Shortage.is_certain`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

UNCOUNTED, COUNTED, APART = 0, 1, 2

CONCURRENT, DAILY, ACTIVE = "concurrent_signups", "daily_limit", "active_limit"

LONGEST_PAUSE = timedelta(seconds=90)
"""A builder that waits for a place tries again within this time."""


@dataclass(frozen=True)
class Caps:
    """What pool.yaml allows all builds of one Dev Hub together."""

    concurrent_signups: int
    keep_daily: int = 0
    keep_active: int = 0
    since: datetime | None = None  # a sign-up that was intended before has ended by now
    is_bounded: bool = True  # False: the user may not read the limits of the Dev Hub


@dataclass(frozen=True)
class Shortage:
    """Why a sign-up is not intended: CONCURRENT, DAILY or ACTIVE."""

    limit: str
    is_certain: bool = True  # False: another reading of the Dev Hub's limits may leave more


@dataclass(frozen=True)
class Reading:
    """A reading of the Dev Hub's limits that is about to be requested."""

    hub: str
    number: int
    last: int  # number of the newest row; a later one is not in the reading
    unconfirmed: tuple[str, ...]  # usernames whose sign-ups the Dev Hub may not have received


@dataclass(frozen=True)
class Figures:
    """The stored reading of one Dev Hub."""

    begun: int = 0  # number of the newest reading that was requested …
    stored: int = 0  # … and of the one that these figures are from; 0: none
    daily: int = 0  # sign-ups that remained
    active: int = 0  # active orgs that remained
    slots: int = 0  # rows that are COUNTED and not deleted, when it was stored
    last: int = 0  # number of the newest row that they may contain
    waiting: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """By builder, when it last found no place, and how many sign-ups it had in progress."""

    def text(self) -> str:
        """The figures as a ledger keeps them."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Figures:
        """The figures that `text` wrote. Another text counts as no reading."""
        try:
            found = json.loads(text)
            waiting = {
                str(run): (str(at), int(own)) for run, (at, own) in found.pop("waiting").items()
            }
            return cls(**{name: int(value) for name, value in found.items()}, waiting=waiting)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls()


@dataclass(frozen=True)
class Counts:
    """Rows of one Dev Hub."""

    pending: int  # sign-ups in progress …
    own: int  # … of the builder of the new org
    spent: int  # UNCOUNTED rows whose sign-up was sent, or may be
    occupied: int  # rows that are not deleted and not APART
    held: int  # slots of deleted orgs that are held for the pool of the new org …
    held_elsewhere: int  # … and for other pools
    uncertain: int  # UNCOUNTED rows that the reading may contain
    freed: int  # APART rows that are deleted by now

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Counts:
        """The counts in a row of a database."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Left:
    """What the Dev Hub has left for further sign-ups, as far as rows and the reading say."""

    daily: int
    active: int
    uncertain: int = 0  # so many sign-ups may have been counted twice


def left(figures: Figures, counts: Counts) -> Left:
    """What is left after the reading and all that has happened since."""
    active = figures.active + figures.slots - counts.occupied - counts.held_elsewhere
    return Left(figures.daily - counts.spent, active, counts.uncertain)


def waits(figures: Figures, run: str, at: str, own: int) -> Figures:
    """The figures when a builder has found no place."""
    return replace(figures, waiting={**figures.waiting, run: (at, own)})


def waits_no_more(figures: Figures, run: str) -> Figures:
    """The figures when a builder has found a place, or gives up."""
    others = {other: entry for other, entry in figures.waiting.items() if other != run}
    return figures if len(others) == len(figures.waiting) else replace(figures, waiting=others)


def is_turn_of_others(figures: Figures, counts: Counts, caps: Caps, run: str, oldest: str) -> bool:
    """Whether the places that are free are for builders that wait and have fewer sign-ups.

    Otherwise a builder with many orgs would take each place as soon as it is free, and the others
    would wait for its end. Builders that have not tried since the time `oldest` are left out.
    """
    before = [
        own
        for other, (at, own) in figures.waiting.items()
        if other != run and at >= oldest and (own < counts.own or own == counts.own == 0)
    ]
    return bool(before) and caps.concurrent_signups - counts.pending <= len(before)


def shortage(figures: Figures, counts: Counts, caps: Caps) -> Shortage | None:
    """Why one more sign-up must not be intended now; None when it may be."""
    if counts.pending >= caps.concurrent_signups:
        return Shortage(CONCURRENT)
    if not caps.is_bounded or not figures.stored:
        return None
    found = left(figures, counts)
    if found.daily <= caps.keep_daily:
        return Shortage(DAILY, is_certain=not counts.uncertain)
    if not counts.held and found.active <= caps.keep_active:
        return Shortage(ACTIVE, is_certain=not (counts.uncertain or counts.freed))
    return None

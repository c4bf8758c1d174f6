"""When something that is awaited is polled next, from what is known of its duration. Pure.

A poll costs a request; a poll that comes late costs time. So the next poll is due as soon as the
time that is expected to have been lost by then exceeds `price`, the seconds that one request is
worth. Where an end is likely, polls come close together; where none is, they are rare. The interval
grows with the square root of the price, as in J. B. Keller, "Optimum Checking Schedules for Systems
Subject to Random Failure", Management Science 21 (1974).

All rules are ratios: nothing here is a number of seconds, so that operations of seconds and of
hours are polled equally well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SPREAD = 0.35  # of a duration: how far others may differ from the only one that was measured
DOUBT = 0.25  # measured durations that the unknown counts as: any age may double
TAIL = 0.25  # of the age of an operation that takes longer than all others: what is left of it
BEYOND = 1.5  # times the longest duration: an operation that takes longer is like no other
CHEAPEST = 0.0002  # of the whole build: the price of a poll of an org that others wait for
CHEAP = 0.0008  # of the duration of an operation: the lowest price of any poll
DEAREST = 0.009  # of the duration of an operation: the price of any other poll
SLACK = 0.12  # of the whole build: the time to spare that doubles the intervals between polls
UNKNOWN = (0.01, 0.03)  # of the age of an operation of unknown duration: the lowest, highest price
STEPS = 14  # halvings of the interval in which the next poll is searched


@dataclass(frozen=True)
class Likely:
    """The operation may take `low` to `high` seconds, equally likely; `weight`: how sure it is."""

    low: float
    high: float
    weight: float


@dataclass(frozen=True)
class Awaited:
    """An operation that has run for `age` seconds; `weight`: how much its lateness matters."""

    age: float
    durations: Sequence[Likely] = ()
    weight: float = 1.0

    def late(self, wait: float) -> float:
        """The seconds that are expected to be lost if it is polled in `wait` seconds."""
        age, at = self.age, self.age + wait
        scale = self._unknown
        lost = DOUBT * (wait + scale * math.expm1(-wait / scale)) if scale else DOUBT * wait
        sure = DOUBT
        for one in self.durations:
            if one.high > age:
                density, start = one.weight / (one.high - one.low), max(age, one.low)
                sure += density * (one.high - start)
                if at > start:
                    end = min(at, one.high)
                    lost += density * (end - start) * (at - (start + end) / 2)
        return lost / sure

    @property
    def is_known(self) -> bool:
        """Whether its age is like the durations that were measured, or hardly above."""
        return any(one.high * BEYOND > self.age for one in self.durations)

    @property
    def remaining(self) -> float:
        """The seconds that are expected to be left."""
        left, sure = DOUBT * self._unknown, DOUBT
        for one in self.durations:
            if one.high > self.age:
                start = max(self.age, one.low)
                share = one.weight * (one.high - start) / (one.high - one.low)
                left += share * ((start + one.high) / 2 - self.age)
                sure += share
        return left / sure

    @property
    def _unknown(self) -> float:
        """The seconds that are left of an operation unlike all that were measured.

        As many as have passed; fewer of one that takes longer than all others.
        """
        is_longest = all(one.high <= self.age for one in self.durations)
        return self.age * TAIL if is_longest and self.is_known else self.age


def next_poll(awaited: Iterable[Awaited], price: float, longest: float) -> float:
    """Seconds until the next poll of all of them, at most `longest`."""
    operations = list(awaited)

    def is_due(wait: float) -> bool:
        return sum(one.weight * one.late(wait) for one in operations) >= price

    if not operations or not is_due(longest):
        return longest
    early, late = 0.0, longest
    for _ in range(STEPS):
        middle = (early + late) / 2
        early, late = (early, middle) if is_due(middle) else (middle, late)
    return late


def weight(slack: float, whole: float) -> float:
    """How much the lateness of an org matters, 0 to 1, if it has `slack` seconds to spare.

    `whole`: the seconds of the whole build.
    """
    return (1 + max(0.0, slack) / (SLACK * whole)) ** -2 if whole > 0 else 1.0


def price(matters: float, whole: float, duration: float, *, is_known: bool) -> float:
    """Seconds that one poll is worth, by the `weight` of what it polls.

    `whole` are the seconds of the whole build, `duration` those that the operation is expected to
    take; `is_known`: from other operations of its kind.
    """
    wanted = CHEAPEST * whole / matters
    if is_known:
        return min(max(wanted, CHEAP * duration), DEAREST * duration)
    lowest, highest = UNKNOWN
    return min(max(wanted, lowest * duration), highest * duration)


def likely(seconds: Sequence[float], count: int | None = None, most: int = 9) -> list[Likely]:
    """What sorted measured durations say of the next one; they weigh as much as `count` of them.

    The fewer they are, the further the next one may be from each of them.
    """
    if not seconds:
        return []
    chosen = quantiles(seconds, most)
    spread = SPREAD / math.sqrt(len(seconds))
    weight = (len(seconds) if count is None else min(count, len(seconds))) / len(chosen)
    return [Likely(one * (1 - spread), one * (1 + spread), weight) for one in chosen if one > 0]


def quantiles(ordered: Sequence[float], most: int) -> Sequence[float]:
    """Sorted values, or `most` of them at equal distances."""
    if len(ordered) <= most:
        return ordered
    last = len(ordered) - 1
    return [ordered[round(number * last / (most - 1))] for number in range(most)]

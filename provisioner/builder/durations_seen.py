"""How long the operations of a build take, by what this build and past builds have measured."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.builder.next_poll import Likely, likely

if TYPE_CHECKING:
    from provisioner.builder.history import PastBuilds

SIGN_UP = "sign-up"
PAST_COUNT = 5
"""All past builds weigh as much as so many durations of this build, because the platform differs
from night to night."""


@dataclass(frozen=True)
class Kind:
    """Operations that are expected to take equally long. `phase` "": from their start."""

    pool: str
    step: str
    operation: str = ""
    phase: str = ""


@dataclass
class _Seen:
    seconds: list[float] = field(default_factory=list)  # of this build, sorted
    likely: Sequence[Likely] = ()
    mean: float = 0.0


class DurationsSeen:
    """The durations by kind. Its user holds a lock."""

    def __init__(self, past: PastBuilds, sign_up: float = 0.0) -> None:
        """`sign_up`: the seconds of one that a probe has measured; 0: unknown."""
        self._past = past
        self._sign_up = sign_up
        self._seen: dict[Kind, _Seen] = {}

    def add(self, kind: Kind, seconds: float) -> None:
        """An operation took so long."""
        seen = self._of(kind)
        insort(seen.seconds, seconds)
        self._derive(kind, seen)

    def tonight(self, kind: Kind) -> float:
        """The median of what this build has measured; 0: nothing yet."""
        seconds = self._of(kind).seconds
        return seconds[len(seconds) // 2] if seconds else 0.0

    def likely(self, kind: Kind) -> Sequence[Likely]:
        """How long the next one may take; nothing if that is unknown."""
        return self._of(kind).likely

    def mean(self, pool: str, step: str) -> float:
        """The usual seconds of a step; 0 if unknown, and for steps that end at once."""
        return self._of(Kind(pool, step)).mean

    def _of(self, kind: Kind) -> _Seen:
        seen = self._seen.get(kind)
        if seen is None:
            seen = self._seen[kind] = _Seen()
            self._derive(kind, seen)
        return seen

    def _derive(self, kind: Kind, seen: _Seen) -> None:
        past = [] if kind.operation or kind.phase else self._past_of(kind.pool, kind.step)
        seen.likely = [*likely(seen.seconds), *likely(past, count=PAST_COUNT)]
        if total := sum(one.weight for one in seen.likely):
            seen.mean = sum((one.low + one.high) / 2 * one.weight for one in seen.likely) / total

    def _past_of(self, pool: str, step: str) -> Sequence[float]:
        found = self._past.history.seconds(pool, step)
        if not found and step == SIGN_UP and self._sign_up:
            return [self._sign_up]
        return found

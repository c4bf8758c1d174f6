"""How long each step of each org took in a build. The record of the run keeps it, within bounds.

Two forms are kept. `durations` has the seconds of each step over all orgs of a pool, from which
later plans and reports know what is usual. `timeline` has the steps of each org, for a picture of
the night.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provisioner.builder.events import OrgEvent
from provisioner.ledger.base import State

MOST_SAMPLES = 21  # durations of one step of a pool that the record keeps: its quantiles
LONGEST_TIMELINE = 50_000  # characters of JSON; a run has 131,072 on the Dev Hub ledger
SIGN_UP = "sign-up"


@dataclass
class Span:
    """A step of an org; times in seconds since the start of the build."""

    step: str
    start: float
    end: float | None = None  # None: in progress
    is_done: bool = False  # it succeeded


@dataclass
class _Times:
    pool: str
    spans: list[Span] = field(default_factory=list)


class StepTimes:
    """Derives the times from the events of a build. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._orgs: dict[str, _Times] = {}
        self._lock = threading.Lock()

    def observe(self, event: OrgEvent) -> None:
        """An event begins a step when it names another one than before; an outcome ends it."""
        with self._lock:
            now = self._clock() - self._start
            times = self._orgs.setdefault(event.username, _Times(event.pool))
            last = times.spans[-1] if times.spans else None
            if event.state in (State.AVAILABLE, State.FAILED):
                if last and last.end is None:
                    last.end, last.is_done = now, event.state is State.AVAILABLE
            elif last is None or last.step != event.step:
                if last and last.end is None:
                    last.end, last.is_done = now, True
                times.spans.append(Span(event.step, now))

    def durations(self) -> dict[str, dict[str, list[float]]]:
        """Pool → step → the seconds of those that succeeded, in order; at most MOST_SAMPLES."""
        found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        with self._lock:
            for times in self._orgs.values():
                for span in times.spans:
                    if span.is_done and span.end is not None:
                        found[times.pool][span.step].append(span.end - span.start)
        return {
            pool: {step: _sample(seconds) for step, seconds in steps.items()}
            for pool, steps in found.items()
        }

    def timeline(self) -> dict[str, Any]:
        """`{"steps": [name…], "orgs": {username: [[step, start, end]…]}, "left_out": n}`.

        `step` is an index of `steps`; times are seconds since the start of the build, `end` is null
        for a step that has no end. The orgs that come last are left out where the text would be
        too long.
        """
        steps: dict[str, int] = {}
        orgs: dict[str, list[list[float | int | None]]] = {}
        length = 0
        with self._lock:
            for username, times in self._orgs.items():
                spans: list[list[float | int | None]] = [
                    [steps.setdefault(s.step, len(steps)), _rounded(s.start), _rounded(s.end)]
                    for s in times.spans
                ]
                length += len(username) + len(json.dumps(spans)) + 6
                if length > LONGEST_TIMELINE:
                    break
                orgs[username] = spans
            return {"steps": [*steps], "orgs": orgs, "left_out": len(self._orgs) - len(orgs)}


def _sample(seconds: list[float]) -> list[float]:
    """The sorted values, or as many quantiles of them as the record keeps."""
    ordered = sorted(round(value, 1) for value in seconds)
    if len(ordered) <= MOST_SAMPLES:
        return ordered
    last = len(ordered) - 1
    return [ordered[round(number * last / (MOST_SAMPLES - 1))] for number in range(MOST_SAMPLES)]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)

"""What is usual in past builds: the median and the 95th percentile of each step's duration."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger, Run

MOST_RUNS = 30  # the newest ones that built orgs


@dataclass(frozen=True)
class Usual:
    """The usual duration of a step, in seconds, and of how many measured durations."""

    p50: float
    p95: float
    count: int


class History:
    """The durations of past builds, by pool and step."""

    def __init__(self, samples: Mapping[tuple[str, str], Sequence[float]], runs: int) -> None:
        self.runs = runs  # builds that measured something
        self._samples = samples

    def with_samples(self, durations: Mapping[str, Mapping[str, Sequence[float]]]) -> History:
        """This history and the durations of one more build: pool → step → seconds."""
        samples = dict(self._samples)
        for pool, steps in durations.items():
            for step, seconds in steps.items():
                samples[pool, step] = [*samples.get((pool, step), ()), *seconds]
        return History(samples, self.runs + bool(durations))

    def seconds(self, pool: str, step: str) -> list[float]:
        """The measured durations of a step in a pool, or else in any pool, sorted."""
        own = self._samples.get((pool, step)) or self._anywhere(step)
        return sorted(own)

    def usual(self, pool: str, step: str) -> Usual | None:
        """Of a step in a pool (`sign-up`, `deploy_source`, `verification` …); None if unknown."""
        return usual(self._samples.get((pool, step), ()))

    def steps(self) -> list[tuple[str, str]]:
        """Pool and step of all that was measured."""
        return list(self._samples)

    def expected(self, pool: str, step: str) -> Usual | None:
        """Of a step in a pool, or else in any pool; None if nobody has measured it."""
        return self.usual(pool, step) or self.usual_anywhere(step)

    def usual_anywhere(self, step: str) -> Usual | None:
        """Of a step over all pools, for a pool that is new."""
        return usual(self._anywhere(step))

    def longest(self, step: str) -> float | None:
        """The longest duration of a step over all pools; None if unknown.

        For the marker `snapshot`: in all orgs but one it takes no time.
        """
        return max(self._anywhere(step), default=None)

    def _anywhere(self, step: str) -> list[float]:
        return [s for (_, name), values in self._samples.items() if name == step for s in values]


class PastBuilds:
    """The history in a ledger, read once, when a part of the build first needs it."""

    def __init__(self, ledger: Ledger, run: Run) -> None:
        """`run` is the build itself, which does not count."""
        self._ledger = ledger
        self._run = run

    @cached_property
    def history(self) -> History:
        """The durations of the newest builds."""
        return history(self._ledger.runs(limit=MOST_RUNS), without=self._run.id)


def usual(seconds: Iterable[float]) -> Usual | None:
    """The median and the 95th percentile of durations; None without one."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    return Usual(_percentile(ordered, 0.5), _percentile(ordered, 0.95), len(ordered))


def history(runs: Iterable[Run], *, without: str = "") -> History:
    """The history in the records of runs, the newest first. The run `without` does not count."""
    samples: dict[tuple[str, str], list[float]] = defaultdict(list)
    count = 0
    for run in runs:
        measured = [] if run.id == without or count >= MOST_RUNS else list(_measured(run))
        count += bool(measured)
        for pool, step, seconds in measured:
            samples[pool, step] += seconds
    return History(samples, count)


def _measured(run: Run) -> Iterator[tuple[str, str, list[float]]]:
    """Pool, step and durations in the record of a run; what another program wrote is left out."""
    pools = run.summary.get("durations")
    for pool, steps in pools.items() if isinstance(pools, dict) else ():
        for step, values in steps.items() if isinstance(steps, dict) else ():
            found = values if isinstance(values, list) else []
            if seconds := [float(value) for value in found if isinstance(value, int | float)]:
                yield pool, step, seconds


def _percentile(ordered: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of the values do not exceed."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]

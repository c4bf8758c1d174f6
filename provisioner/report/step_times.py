"""How long the steps of a run took, compared with earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from provisioner.builder.history import history
from provisioner.declare.duration import format_duration

if TYPE_CHECKING:
    from provisioner.builder.history import History, Usual
    from provisioner.ledger.base import Run

ENOUGH = 5  # earlier durations of a step, before a comparison with them says anything
SLOWER = 1.25  # times the earlier median; less is within the variation of Salesforce
EXACT = 10.0  # seconds; shorter durations are shown with a tenth


@dataclass(frozen=True)
class StepTime:
    """The durations of a step in a pool: in this run, and in earlier ones."""

    pool: str
    step: str
    now: Usual
    past: Usual | None

    @property
    def is_slower(self) -> bool:
        """Whether the median is clearly above what it was.

        It is above the 95th percentile of at least ENOUGH earlier durations, and above SLOWER times
        their median.
        """
        past = self.past
        if past is None or past.count < ENOUGH:
            return False
        return self.now.p50 > past.p95 and self.now.p50 > SLOWER * past.p50


def step_times(run: Run, past: History) -> tuple[StepTime, ...]:
    """The steps of a run in the order in which orgs take them."""
    own = history([run])
    return tuple(
        StepTime(pool, step, now, past.usual(pool, step))
        for pool, step in _in_order(run, own.steps())
        if (now := own.usual(pool, step)) is not None
    )


def _in_order(run: Run, steps: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pools as they are recorded, the steps as the timeline has them."""
    timeline = run.summary.get("timeline")
    names = timeline.get("steps") if isinstance(timeline, Mapping) else None
    known = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    pools = list(dict.fromkeys(pool for pool, _ in steps))
    last = len(known)

    def position(key: tuple[str, str]) -> tuple[int, int]:
        return pools.index(key[0]), known.index(key[1]) if key[1] in known else last

    return sorted(steps, key=position)


def spent(seconds: float) -> str:
    """`0.4s`, `34s`, `2m10s`, `1h5m`."""
    if seconds < EXACT:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    return format_duration(timedelta(seconds=whole if whole < 3600 else whole // 60 * 60))

"""Warns as soon as the forecast says that a pool will not be ready at its deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.builder.crashes import harmless
from provisioner.builder.ticker import ticking
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.builder.overview import Overview, PoolOverview
    from provisioner.config.pool_deadline import PoolDeadline

EVERY = 10.0  # seconds between two forecasts


@contextmanager
def deadlines_watched(context: BuildContext, now: Callable[[], Overview]) -> Iterator[None]:
    """Compare the forecast with the deadlines of the pools while the block runs, and at its end."""
    watch = PoolDeadlines(context, now)
    if not watch.is_needed:
        yield
        return

    def check() -> None:
        harmless(context.reporter, "comparing the forecast with the deadline", watch.check)

    with ticking(max(0.05, EVERY * context.options.time_scale), check):
        yield
    check()


class PoolDeadlines:
    """The deadlines of the pools that a build fills. Each is reported at most once."""

    def __init__(self, context: BuildContext, now: Callable[[], Overview]) -> None:
        self._context = context
        self._overview = now
        started = context.now()
        self._open: dict[str, tuple[PoolDeadline, datetime]] = {
            pool.name: (deadline, deadline.next_after(started))
            for pool in map(context.config.pools.__getitem__, (p.name for p in now().pools))
            if (deadline := pool.deadline) is not None
        }

    @property
    def is_needed(self) -> bool:
        """Whether any of the pools has a deadline."""
        return bool(self._open)

    def check(self) -> None:
        """Report each pool that, by the forecast of this moment, will have too few orgs in time."""
        overview, moment = self._overview(), self._context.now()
        for pool in overview.pools:
            if pool.name not in self._open:
                continue
            deadline, at = self._open[pool.name]
            left = (at - moment).total_seconds()
            wanted = deadline.available or pool.size
            if (expected := self._expected(overview, pool, left, wanted)) < wanted:
                del self._open[pool.name]
                self._context.reporter.deadline(_text(pool, deadline, wanted, expected, left))

    def _expected(self, overview: Overview, pool: PoolOverview, left: float, wanted: int) -> int:
        """How many orgs will be available at the deadline; `wanted` where nobody can say yet."""
        if left <= 0:
            return pool.available
        is_over = not pool.in_progress and not pool.waiting
        if is_over or overview.available_in is None:
            return pool.available if is_over else max(wanted, pool.available)
        times = overview.available_in.get(pool.name, ())
        return pool.available + sum(seconds <= left for seconds in times)


def _text(
    pool: PoolOverview, deadline: PoolDeadline, wanted: int, expected: int, left: float
) -> str:
    when = f"{deadline.at} {deadline.timezone}"
    if left <= 0:
        return (
            f"{pool.name}: the deadline {when} has passed with {pool.available} of "
            f"{quantity(wanted, 'org')} available"
        )
    return (
        f"{pool.name}: {quantity(expected, 'org')} will be available at the deadline {when}, "
        f"{wanted - expected} fewer than wanted; that is in {quantity(int(left / 60), 'minute')}"
    )

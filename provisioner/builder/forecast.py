"""When the orgs of a build will be available, from what is usual for each step. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.builder.history import History

SIGN_UP = "sign-up"
LATE = 0.1  # of its usual duration: what is left of a step that takes longer than usual


@dataclass(frozen=True)
class Chain:
    """An org that is in progress: its step, for how many seconds, and the steps after that."""

    pool: str
    step: str
    since: float
    remaining: tuple[str, ...]


class Unknown(Exception):  # noqa: N818 - an answer, not a failure
    """Nobody has measured one of the steps yet."""


def finish_times(
    chains: Sequence[Chain],
    waiting: Mapping[str, int],
    steps: Mapping[str, Sequence[str]],
    slots: int,
    history: History,
) -> dict[str, list[float]]:
    """Pool → the seconds from now until each of its orgs is available, in order.

    `waiting` has how many orgs of a pool wait for their sign-ups, `steps` the steps of a pool
    after the sign-up, `slots` how many sign-ups may be in progress at the same time. Raises Unknown
    when a step was never measured.
    """
    found: dict[str, list[float]] = {pool: [] for pool in steps}
    free: list[float] = []  # when a sign-up in progress ends, and another may start
    for chain in chains:
        left = _left(history, chain)
        if chain.step == SIGN_UP:
            free.append(left)
        rest = sum(_usual(history, chain.pool, step) for step in chain.remaining)
        found.setdefault(chain.pool, []).append(left + rest)
    free += [0.0] * max(0, slots - len(free))
    heapq.heapify(free)
    for pool in _in_turn(waiting):
        end = heapq.heappop(free) + _usual(history, pool, SIGN_UP)
        heapq.heappush(free, end)
        found[pool].append(end + sum(_usual(history, pool, step) for step in steps[pool]))
    return {pool: sorted(times) for pool, times in found.items()}


def _in_turn(waiting: Mapping[str, int]) -> list[str]:
    """The pools in the order in which their orgs are signed up: one of each in turn."""
    rounds = range(max(waiting.values(), default=0))
    return [pool for number in rounds for pool, count in waiting.items() if number < count]


def _left(history: History, chain: Chain) -> float:
    usual = _usual(history, chain.pool, chain.step)
    return max(usual - chain.since, usual * LATE)


def _usual(history: History, pool: str, step: str) -> float:
    known = history.expected(pool, step)
    if known is None:
        raise Unknown(step)
    return known.p50

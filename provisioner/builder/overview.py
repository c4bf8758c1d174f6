"""What a build is doing at one moment: its pools, its orgs, and when it is expected to end.

The live view, the lines of a log and the deadlines of the pools read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause


@dataclass(frozen=True)
class OrgOverview:
    """An org in progress; `since` and `age` are the seconds of its step, and since its start."""

    username: str
    pool: str
    step: str
    position: int  # of the step, from 1; 0 before the first one
    steps: int
    note: str
    since: float
    age: float


@dataclass(frozen=True)
class PoolOverview:
    """A pool: the orgs that are available, and what this build does about the others."""

    name: str
    size: int
    available: int
    in_progress: int
    waiting: Mapping[str, int]  # what orgs wait for → how many: "the canary", "a sign-up slot"
    failed: int  # orgs that failed in this build


@dataclass(frozen=True)
class Overview:
    """One moment of a build."""

    seconds: float  # since its start
    pools: tuple[PoolOverview, ...]
    orgs: tuple[OrgOverview, ...]  # the slowest first
    causes: tuple[Cause, ...]
    requests: Mapping[str, int]  # to the Dev Hub (`hub`) and to scratch orgs (`org`)
    sign_ups_left: int | None  # of today; None when the Dev Hub's limits are unknown
    available_in: Mapping[str, Sequence[float]] | None
    """Pool → seconds until each of its unfinished orgs is available; None when unknown."""

    @property
    def ends_in(self) -> float | None:
        """Seconds until the last org is expected to be available; None when that is unknown."""
        if self.available_in is None:
            return None
        return max((times[-1] for times in self.available_in.values() if times), default=0.0)

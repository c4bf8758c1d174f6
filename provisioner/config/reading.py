"""What is asked of a reading of `pool.yaml`, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from provisioner.errors import Problem

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

Need = Literal["all", "hub_and_ledger"]


@dataclass(frozen=True)
class Reading:
    """What came of reading a pool.yaml: the file unless it has errors, and all problems."""

    pool_file: PoolFile | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are no mere warnings."""
        return tuple(problem for problem in self.problems if not problem.is_warning)

"""The result of reading a `pool.yaml`, and which parts of it are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from provisioner.errors import Problem

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile

Need = Literal["all", "hub_and_ledger", "new_hub_app", "server", "agents"]


@dataclass(frozen=True)
class Reading:
    """The result of reading a pool.yaml: the file, or None if it has errors, and all problems."""

    pool_file: PoolFile | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are not warnings."""
        return tuple(problem for problem in self.problems if not problem.is_warning)

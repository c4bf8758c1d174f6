"""Reads `pool.yaml`: one frozen PoolFile, or one ConfigError with every problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from provisioner.errors import ConfigError, Problem

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
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


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need = "all",
    dev_hub: DevHub | None = None,
) -> PoolFile:
    """The PoolFile at `path`; its `warnings` hold what is doubtful.

    With `need="hub_and_ledger"` only what claim, login and status use is read: the Dev Hub and
    its apps, the ledger, and of each pool `size`, `reuse` and `prove_after`. The rest may then
    be absent or broken, and variables that only the rest uses may be unset.

    With `dev_hub` that one takes the place of the file's, whose apps are then not looked at:
    so a rehearsal reads a pool.yaml without its keys.

    Raises ConfigError with every problem found.
    """
    reading = read(path, environ=environ, need=need, dev_hub=dev_hub)
    if reading.pool_file is None:
        raise ConfigError(reading.problems, hint=_hint(reading))
    return reading.pool_file


def read(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need = "all",
    keys_at: datetime | None = None,
    dev_hub: DevHub | None = None,
) -> Reading:
    """As `load`, but problems are part of the answer.

    With `keys_at` (aware) the private keys are opened and the certificates judged at that time.
    Raises ConfigError when the file cannot be read at all, or is no YAML mapping.
    """
    from provisioner.config.pool_file import read_pool_file

    return read_pool_file(path, environ=environ, need=need, keys_at=keys_at, dev_hub=dev_hub)


def _hint(reading: Reading) -> str:
    if len(reading.errors) == 1:
        return ""
    return "all of them are listed; `provisioner check` lists them again"

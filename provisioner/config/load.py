"""Reads `pool.yaml`: one frozen PoolFile, or one ConfigError with every problem."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config.reading import Need, Reading
from provisioner.errors import ConfigError

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
    from provisioner.config.model import PoolFile


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

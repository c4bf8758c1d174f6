"""Reads `pool.yaml`: one frozen PoolFile, or one ConfigError with every problem."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config.reading import Need, Reading
from provisioner.errors import ConfigError

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.config.rehearsed import Rehearsed
    from provisioner.config.whole_file import FactsOf


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need = "all",
    rehearsed: Rehearsed | None = None,
) -> PoolFile:
    """The PoolFile at `path`, with its `warnings`.

    With `need="hub_and_ledger"` only what claim, login and status use is read: the Dev Hub and
    its apps, the ledger, and `size`, `reuse` and `prove_after` of each pool. The rest may then
    be absent or broken, and variables that only the rest uses may be unset.

    With `need="server"` or `need="agents"` also `server` or `mcp` is read. Otherwise the secrets of
    `server` are not read: a build works without them.

    With `need="new_hub_app"` only the Dev Hub is read, and its consumer key may be absent.

    `rehearsed`, or else the rehearsal that the environment names, replaces the Dev Hub and the
    ledger of the file, whose apps are then not read, and whose variables may be unset.

    Raises ConfigError with every problem found, UsageError when that rehearsal is not running.
    """
    reading = read(path, environ=environ, need=need, rehearsed=rehearsed)
    if reading.pool_file is None:
        raise ConfigError(reading.problems, hint=_hint(reading))
    return reading.pool_file


def read(
    path: Path,
    *,
    environ: Mapping[str, str],
    need: Need = "all",
    keys_at: datetime | None = None,
    rehearsed: Rehearsed | None = None,
    text: str | None = None,
    facts_of: FactsOf | None = None,
) -> Reading:
    """As `load`, but the problems are returned.

    With `keys_at` (aware) the private keys are read and the certificates are checked for that time;
    equal steps are then one instance, so the result is not for a build.
    `text` is read in place of the file, which need not exist. With `facts_of`, the pools are
    compared with what is known of the Dev Hub.
    Raises ConfigError when the file cannot be read at all, or is not a YAML mapping.
    """
    from provisioner.config.pool_file import read_pool_file

    return read_pool_file(
        path,
        environ=environ,
        need=need,
        keys_at=keys_at,
        rehearsed=rehearsed,
        text=text,
        facts_of=facts_of,
    )


def _hint(reading: Reading) -> str:
    if len(reading.errors) == 1:
        return ""
    return "fix the problems above; `provisioner check` lists them again"

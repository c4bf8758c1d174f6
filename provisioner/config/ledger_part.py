"""The part of `pool.yaml` that is needed to open the ledger: no private key, no other variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.config.document import Location, Problems, compose, read_text
from provisioner.config.load import load
from provisioner.config.model import DevHub, Pool, PoolFile
from provisioner.config.pool_file import CLAIM_KEYS, cold_pools
from provisioner.config.reader import INVALID, Reader
from provisioner.config.rehearsed import exported
from provisioner.declare.keys import declared_keys
from provisioner.errors import ConfigError, Problem


@dataclass(frozen=True)
class LedgerPart:
    """Where the ledger is, and the keys of the pools that claims use (see `Pool`)."""

    path: Path
    ledger: str
    pools: Mapping[str, Pool]
    dev_hub: DevHub | None = None  # only for a ledger on the Dev Hub
    warnings: tuple[Problem, ...] = ()

    @property
    def directory(self) -> Path:
        """The folder of pool.yaml: relative paths start here."""
        return self.path.parent


def load_ledger_part(
    path: Path, *, environ: Mapping[str, str], for_claims: bool = True
) -> LedgerPart:
    """The part of the file at `path`. `dev_hub` is read only for a ledger on the Dev Hub.

    Without `for_claims`, only names and sizes of the pools are read, and nothing in them is a
    problem. In place of the ledger is that of the rehearsal that the environment names.

    Raises ConfigError with every problem found, UsageError when that rehearsal is not running.
    """
    problems = Problems(str(path))
    root = Location(compose(read_text(path), path), "")
    reader = Reader(problems, environ=environ, directory=path.parent)
    entries = reader.entries(root) or {}
    rehearsed = exported(environ)
    ledger = rehearsed.ledger if rehearsed else _ledger(reader, entries)
    if ledger == "devhub":
        whole = load(path, environ=environ, need="hub_and_ledger")
        return LedgerPart(path, ledger, whole.pools, whole.dev_hub, whole.warnings)
    keys = CLAIM_KEYS if for_claims else ()
    pools = cold_pools(reader, entries["pools"], keys) if "pools" in entries else {}
    found = problems.sorted()
    if INVALID in (ledger, pools) or any(not problem.is_warning for problem in found):
        raise ConfigError(found)
    return LedgerPart(path, ledger, pools, None, found)


def _ledger(reader: Reader, entries: Mapping[str, Location]) -> Any:
    if "ledger" not in entries:
        return PoolFile.ledger
    key = declared_keys(PoolFile)["ledger"]
    return reader.value(key.hint, key.option, entries["ledger"])

"""The ledger backends, by URL scheme: a new backend is one file and one line here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.ledger.base import Ledger

LEDGERS = {
    "sqlite": "provisioner.ledger.sqlite",
    "postgresql": "provisioner.ledger.postgresql",
}
"""Scheme → module; the module defines `open_url(url: str, directory: Path) -> Ledger`."""


def open_ledger(url: str, directory: Path) -> Ledger:
    """Open the ledger at `url`; relative paths start at `directory`, the folder of pool.yaml.

    Raises UsageError for an unknown scheme, LedgerError when it cannot be opened.
    """
    scheme = url.partition(":")[0]
    if scheme not in LEDGERS:
        known = ", ".join(f"{name}://…" for name in LEDGERS)
        raise UsageError(f"ledger: no backend for {scheme!r}", hint=f"write one of: {known}")
    ledger: Ledger = import_module(LEDGERS[scheme]).open_url(url, directory)
    return ledger

"""The ledger in one SQLite file: one host, many processes and threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.ledger.account import HubAccount
    from provisioner.ledger.sqlite.ledger import SqliteLedger


def open(url: str, directory: Path, account: HubAccount | None) -> SqliteLedger:
    """The ledger at `sqlite:///PATH`, where a relative path starts at `directory`.

    Raises UsageError for a URL of another form, LedgerError when it cannot be opened.
    """
    from provisioner.ledger.sqlite.address import path_of
    from provisioner.ledger.sqlite.ledger import SqliteLedger

    return SqliteLedger(path_of(url, directory))

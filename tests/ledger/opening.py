"""Opens a ledger of a test by its URL: a Dev Hub's with the account in the test's folder."""

from __future__ import annotations

from pathlib import Path

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger


def opened(url: str, directory: Path) -> Ledger:
    """The ledger, as a further process would open it."""
    if url != "devhub":
        return open_ledger(url, directory)
    from tests.ledger.devhub.hub import account

    return open_ledger(url, directory, account(directory))

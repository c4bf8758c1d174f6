"""What the tests of the SQLite ledger share."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.sqlite.ledger import SqliteLedger

from .world import add_available


def opened(path: Path, *, retry_seconds: float = 10.0) -> closing[SqliteLedger]:
    """A ledger that is closed at the end of the block."""
    return closing(SqliteLedger(path, retry_seconds=retry_seconds))


def filled(path: Path, rows: int = 1) -> None:
    """A closed ledger with some rows."""
    with opened(path) as ledger:
        for number in range(rows):
            add_available(ledger, f"org-{number}@acme.example")


def refused(path: Path) -> LedgerError:
    """The error that opening gives."""
    with pytest.raises(LedgerError) as caught, opened(path, retry_seconds=0.1):
        pass
    assert caught.value.exit_code == 2
    assert "Traceback" not in caught.value.message
    return caught.value

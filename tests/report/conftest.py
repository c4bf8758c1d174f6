"""A folder with a pool.yaml and a ledger that has the records of three runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger
from tests.claim.conftest import POOL_YAML, Call, call, folder

__all__ = ["Call", "call", "folder"]


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of that pool.yaml, which has the pool `sample`."""
    (folder / "pool.yaml").write_text(POOL_YAML.replace("evening:", "sample:"))
    with closing(open_ledger("sqlite:///ledger.db", folder)) as opened:
        yield opened

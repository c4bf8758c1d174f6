"""A backend is a line in LEDGERS; whatever is there is tested by the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.ledger import LEDGERS, open_ledger
from tests.ledger.world import URLS


def test_the_contract_is_tested_on_every_registered_ledger() -> None:
    assert set(URLS) == set(LEDGERS), "give the new ledger a URL in tests/ledger/world.py"


def test_an_unknown_scheme_is_a_usage_error_that_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ledger: unknown kind of ledger 'mysql'") as caught:
        open_ledger("mysql://host/db", tmp_path)
    assert "sqlite://" in caught.value.hint

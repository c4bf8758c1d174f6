"""The completion scripts in real shells: keys are typed on a terminal, TAB completes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org
from tests.cli.typed import SHELLS, Typed

pytestmark = pytest.mark.slow

USERNAME = "morning-7f3k@acme.example"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Typed]:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    (tmp_path / "pool.yaml").write_text("pools: { morning: {}, nightly: {} }\n")
    (tmp_path / ".provisioner").mkdir()
    ledger = open_ledger("sqlite:///.provisioner/ledger.db", tmp_path)
    ledger.add(Org(username=USERNAME, pool="morning"))
    ledger.close()
    typed = Typed(request.param, tmp_path)
    yield typed
    typed.close()


COMPLETED = {
    "claim --idem\tkey": "claim|--idempotency-key|key",
    "cla\t--pool n\t": "claim|--pool|nightly",
    "claim --pool=n\t": "claim|--pool=nightly",
    "report mor\t": f"report|{USERNAME}",
    "report morning-7f3k@a\t": f"report|{USERNAME}",
    "check --config poo\t": "check|--config|pool.yaml",
    "build --manifest=poo\t": "build|--manifest=pool.yaml",
    "init bi\tpool": "init|bin/pool",
    "build --time-s\t": "build|--time-s",
}


def test_tab_completes_what_was_typed(shell: Typed) -> None:
    assert {keys: shell.complete(keys) for keys in COMPLETED} == COMPLETED

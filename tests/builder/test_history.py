"""A build removes old history from the ledger at its end, and its orgs do not depend on that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.rows import utc_now
from provisioner.ledger.sql.ledger import SqlLedger
from provisioner.ledger.sqlite.ledger import SqliteLedger
from tests.builder.night import Night
from tests.ledger.world import bring

pytestmark = pytest.mark.slow


def add_deleted(night: Night, name: str, days: float) -> None:
    """The row of an org that was deleted some days ago."""
    at = utc_now() - timedelta(days=days)
    path = night.folder / ".provisioner" / "ledger.db"
    with closing(SqliteLedger(path, clock=lambda: at)) as ledger:
        org = Org(f"{name}@acme.example", "sample", created_at=at)
        bring(ledger, org, [State.FAILED, State.DELETED])


def deleted(night: Night) -> list[str]:
    return [org.username.partition("@")[0] for org in night.orgs(State.DELETED)]


def test_what_is_older_than_keep_history_is_removed(night: Night) -> None:
    add_deleted(night, "old", 91)
    add_deleted(night, "young", 89)
    night.write_pool(size=1, steps="")
    assert len(night.build().built) == 1
    assert deleted(night) == ["young"]
    night.write_pool(size=1, steps="", top="keep_history: 31d")
    assert night.build().wanted == 0
    assert deleted(night) == []


def test_a_build_reads_no_row_of_a_deleted_org(night: Night) -> None:
    """One that could not be read would be reported."""
    add_deleted(night, "young", 1)
    path = night.folder / ".provisioner" / "ledger.db"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE org SET users = '['")
    night.write_pool(size=1, steps="")
    assert len(night.build().built) == 1
    assert [text for text in night.watcher.messages if "young" in text] == []


def test_a_build_whose_history_cannot_be_removed_warns_and_has_its_orgs(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise LedgerError("permission denied", hint="grant it")

    monkeypatch.setattr(SqlLedger, "prune", refuse)
    night.write_pool(size=1, steps="")
    result = night.build()
    assert (result.exit_code, len(result.built)) == (0, 1)
    warnings = [text for text in night.watcher.messages if "history" in text]
    assert warnings == ["old history stays in the ledger: permission denied (grant it)"]


def test_an_active_org_whose_row_says_that_it_was_deleted_is_deleted(night: Night) -> None:
    night.write_pool(size=1, steps="")
    night.build()
    [org] = night.orgs(State.AVAILABLE)
    with closing(SqliteLedger(night.folder / ".provisioner" / "ledger.db")) as ledger:
        released = ledger.move(org, State.RELEASED)
        assert released is not None
        assert ledger.move(released, State.DELETED) is not None
    night.build()
    assert org.username not in night.active()
    assert len(night.active()) == 1

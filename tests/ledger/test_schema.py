"""A ledger says its version: an older one is brought up to date, a newer one is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import LIVE, Claim, Org, State
from provisioner.ledger.sql import schema, statements
from provisioner.ledger.sqlite.ledger import SqliteLedger

from .older import STEP_STATES, statements_to
from .world import NOW, add_available, run


def set_version(path: Path, version: str) -> None:
    """Write a version as another provisioner would."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [version])
        connection.commit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with one row."""
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        add_available(ledger, "a@acme.example")
    return path


def test_a_newer_version_is_refused_with_what_to_do(path: Path) -> None:
    set_version(path, str(schema.NEWEST + 1))
    before = path.read_bytes()
    with pytest.raises(LedgerError) as caught:
        SqliteLedger(path)
    assert caught.value.message == (
        f"the ledger {path} was written by a newer provisioner "
        f"(its version is {schema.NEWEST + 1}, this provisioner supports up to {schema.NEWEST})"
    )
    assert (caught.value.code, caught.value.exit_code) == ("ledger_newer", 2)
    assert "pip install --upgrade provisioner" in caught.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["", "one", "-1"])
def test_a_version_that_is_no_number_is_called_damage(path: Path, version: str) -> None:
    set_version(path, version)
    with pytest.raises(LedgerError, match="has no version number"):
        SqliteLedger(path)


def test_an_older_version_is_brought_up_to_date_and_keeps_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteLedger(path)) as ledger:
        rows, events = ledger.orgs(), ledger.events()
    step = ("CREATE TABLE later (a {serial}, b TEXT)", "INSERT INTO later (b) VALUES ('new')")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "NEWEST", schema.NEWEST + 1)
    for _ in range(2):  # the second opening finds nothing to do
        with closing(SqliteLedger(path)) as ledger:
            assert (ledger.orgs(), ledger.events()) == (rows, events)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT a, b FROM later").fetchall() == [(1, "new")]


@pytest.mark.parametrize("version", range(1, schema.NEWEST))
def test_a_ledger_of_any_older_version_keeps_its_rows_and_has_a_queue(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "first.db"
    with closing(SqliteLedger(path)) as ledger:
        for name in ("a", "b"):
            add_available(ledger, f"{name}@acme.example")
        ledger.finish_run(run())
        before = ledger.contents()
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements_to(version):
            connection.execute(statement)
        connection.commit()
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.contents() == before
        assert ledger.waiters() == []
        waiting = Claim("ann", pool="evening", waiter="place")
        assert ledger.claim(waiting, now=NOW) is None
        assert [waiter.id for waiter in ledger.waiters()] == ["place"]


@pytest.mark.parametrize("text", STEP_STATES)
def test_an_org_in_the_middle_of_a_step_keeps_its_state_in_an_upgrade(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "older.db"
    row = Org("a@acme.example", "morning", State.BUILDING, step=2, step_state=text)
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.restore(row, note="")
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements_to(3):
            connection.execute(statement)
        connection.commit()
        assert connection.execute("SELECT request_id FROM org").fetchall() == [(text,)]
    with closing(SqliteLedger(path)) as ledger:
        assert ledger.orgs() == [row]


def test_a_step_that_fails_leaves_the_older_ledger_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = ("CREATE TABLE later (a {serial})", "CREATE TABLE org (a {serial})")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        patch.setattr(schema, "NEWEST", schema.NEWEST + 1)
        with pytest.raises(sqlite3.OperationalError, match="table org already exists"):
            SqliteLedger(path)
    with closing(SqliteLedger(path)) as ledger:
        ledger.add(Org("b@acme.example", "morning"))
        assert len(ledger.orgs()) == 2


READS: dict[str, tuple[str, dict[str, str], str]] = {
    "status and plan": (statements.LIVE_ORGS, statements.of_states(LIVE), "org_live"),
    "a pool": (statements.LIVE_ORGS, statements.of_states([State.FAILED], "a"), "org_live"),
    "the last build": (statements.RUNS, {"limit": "1"}, "run_by_start"),
    "an org": (statements.ORG, {"username": "a"}, "org_by_username"),
    "the events of an org": (
        statements.EVENTS_OF_ORG,
        {"username": "a", "run": ""},
        "event_by_username",
    ),
    "the events of a run": (statements.EVENTS_OF_RUN, {"run": "run-1"}, "event_by_run"),
    "old orgs": (statements.HAS_OLD_ORGS, {"before": "2026", "batch": "1"}, "org_deleted"),
    "events of no org": (
        statements.HAS_OLD_NOTES,
        {"before": "2026", "batch": "1"},
        "event_by_username",
    ),
    "what orgs were built with": (statements.BUILT, {}, "org_by_content"),
}


@pytest.mark.parametrize(("statement", "parameters", "index"), READS.values(), ids=list(READS))
def test_what_commands_read_often_is_found_by_its_index(
    path: Path, statement: str, parameters: dict[str, str], index: str
) -> None:
    """No table is read from its first row to its last: that is SCAN without an index."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    plan = [row[3] for row in rows]
    assert any(f"INDEX {index}" in line for line in plan)
    assert not {*plan} & {f"SCAN {table}" for table in ("org", "event", "run")}

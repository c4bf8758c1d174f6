"""An older ledger is brought up to date, a newer one is refused, and many may do so at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.sql import schema
from tests.ledger.older import STEP_STATES, statements_to
from tests.ledger.postgresql_server import Server
from tests.ledger.world import NOW, add_available

from .conftest import opened, refused

LATER = ("CREATE TABLE later (a {serial}, b TEXT)", "INSERT INTO later (b) VALUES ('new')")


@pytest.fixture
def url(server: Server, database: str) -> str:
    """A ledger with one row."""
    with opened(server.url(database)) as ledger:
        add_available(ledger, "a@acme.example")
    return server.url(database)


def set_version(server: Server, database: str, version: str) -> None:
    """Write a version as another provisioner would."""
    statement = f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'"
    server.sql(statement, database=database)


def test_a_newer_version_is_refused_with_what_to_do(
    server: Server, database: str, url: str
) -> None:
    set_version(server, database, str(schema.NEWEST + 1))
    error = refused(url)
    assert "was written by a newer provisioner" in error.message
    assert error.code == "ledger_newer"
    assert "pip install --upgrade provisioner" in error.hint


def test_a_version_that_is_no_number_is_called_damage(
    server: Server, database: str, url: str
) -> None:
    set_version(server, database, "one")
    assert "has no version number" in refused(url).message


def test_an_older_version_is_brought_up_to_date_once_and_keeps_its_rows(
    server: Server, database: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(url) as ledger:
        rows, events = ledger.orgs(), ledger.events()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, LATER))
    monkeypatch.setattr(schema, "NEWEST", schema.NEWEST + 1)

    def read(_number: int) -> object:
        with opened(url) as ledger:
            return ledger.orgs(), ledger.events()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(read, range(6))) == [(rows, events)] * 6
    assert server.sql("SELECT a, b FROM later", database=database) == [(1, "new")]


@pytest.mark.parametrize("version", range(1, schema.NEWEST))
def test_a_ledger_of_any_older_version_keeps_its_rows_and_has_a_queue(
    server: Server, database: str, version: int
) -> None:
    url = server.url(database)
    with opened(url) as ledger:
        add_available(ledger, "b@acme.example")
        before = ledger.contents()
    server.sql(*statements_to(version), database=database)
    with opened(url) as ledger:
        assert ledger.contents() == before
        assert ledger.claim(Claim("ann", pool="evening", waiter="place"), now=NOW) is None
        assert [waiter.id for waiter in ledger.waiters()] == ["place"]


@pytest.mark.parametrize("text", STEP_STATES)
def test_an_org_in_the_middle_of_a_step_keeps_its_state_in_an_upgrade(
    server: Server, database: str, text: str
) -> None:
    url = server.url(database)
    row = Org("a@acme.example", "morning", State.BUILDING, step=2, step_state=text)
    with opened(url) as ledger:
        assert ledger.restore(row, note="")
    server.sql(*statements_to(3), database=database)
    assert server.sql("SELECT request_id FROM org", database=database) == [(text,)]
    with opened(url) as ledger:
        assert ledger.orgs() == [row]


def test_a_step_that_fails_leaves_the_older_ledger_whole(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = ("CREATE TABLE later (a {serial})", "CREATE TABLE org (a {serial})")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        patch.setattr(schema, "NEWEST", schema.NEWEST + 1)
        with pytest.raises(psycopg.errors.DuplicateTable), opened(url):
            pass
    with opened(url) as ledger:
        ledger.add(Org("b@acme.example", "morning"))
        assert len(ledger.orgs()) == 2

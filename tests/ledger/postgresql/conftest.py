"""Databases for the tests that only PostgreSQL needs, and a way to see an opening refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Ledger, Org, State
from provisioner.ledger.postgresql.address import address_of
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from provisioner.ledger.sql.ledger import SqlLedger
from tests.ledger import postgresql_server
from tests.ledger.postgresql_server import Server
from tests.ledger.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A ledger on the server that no test stops."""
    world = World.of("postgresql", tmp_path)
    yield world
    world.close()


@pytest.fixture
def server() -> Server:
    """The server that no test stops."""
    return postgresql_server.shared()


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """An empty database on it."""
    database = server.new_database()
    yield database
    server.empty(database)


@pytest.fixture
def ledger(world: World) -> Iterator[PostgresqlLedger]:
    """A ledger that gives up soon."""
    with opened(world.url) as ledger:
        yield ledger


def opened(url: str, *, retry_seconds: float = 20.0) -> closing[PostgresqlLedger]:
    """A ledger that is closed at the end of the block."""
    return closing(PostgresqlLedger(address_of(url), retry_seconds=retry_seconds))


def refused(url: str) -> LedgerError:
    """The error that opening gives."""
    with pytest.raises(LedgerError) as caught, opened(url, retry_seconds=0.0):
        pass
    assert caught.value.exit_code == (9 if caught.value.is_unreachable else 2)
    return caught.value


def assert_claimed_once(ledger: Ledger, org: Org | None, owner: str = "ann") -> None:
    """`org` is what `owner` holds, and all that anybody holds."""
    assert org is not None
    claimed = ledger.orgs(states=[State.CLAIMED])
    assert claimed == [org]
    assert (org.owner, org.fence) == (owner, 1)
    assert [event.to_state for event in ledger.events()].count("claimed") == 1


def once_in_mid_claim(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let `act` happen in the first claim, when its row is changed and not committed."""
    add_event = SqlLedger._add_event
    happened: list[bool] = []

    def add_event_after_that(self: SqlLedger, *arguments: Any, **options: Any) -> None:
        if not happened:
            happened.append(True)
            act()
        add_event(self, *arguments, **options)

    monkeypatch.setattr(SqlLedger, "_add_event", add_event_after_that)

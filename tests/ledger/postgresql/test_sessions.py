"""A connection may break at any word: what was in progress is done once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim, Org, State
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from provisioner.ledger.postgresql.session import Session
from tests.ledger import postgresql_server
from tests.ledger.postgresql_proxy import Proxy, proxy
from tests.ledger.postgresql_server import Server
from tests.ledger.world import NOW, World, add_available

from .conftest import assert_claimed_once, once_in_mid_claim, opened

KEYS = ["", "job-1"]
COMMIT = b"COMMIT\0"  # as a whole statement, not READ COMMITTED


@pytest.fixture
def network(world: World, server: Server) -> Iterator[Proxy]:
    """What the connections of `through` go over."""
    with proxy(server.folder) as network:
        yield network


@pytest.fixture
def through(world: World, server: Server, network: Proxy) -> Iterator[PostgresqlLedger]:
    """The ledger, over a network that can be cut; two orgs are in it."""
    with closing(world.open()) as ledger:
        for number in range(2):
            add_available(ledger, f"org-{number}@acme.example")
    with opened(world.url.replace(str(server.folder), str(network.folder))) as ledger:
        yield ledger


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test may stop."""
    with postgresql_server.server() as server:
        yield server


def test_a_connection_that_broke_while_it_was_idle_is_opened_anew(
    through: PostgresqlLedger, network: Proxy
) -> None:
    network.cut_all()
    assert len(through.orgs()) == 2
    network.cut_all()
    assert through.change(through.orgs()[0], purpose="x") is not None


def test_a_read_is_repeated_when_its_answer_is_lost(
    through: PostgresqlLedger, network: Proxy
) -> None:
    network.cut_once_at(b"FROM event", delivered=True)
    assert len(through.events()) == 8
    assert network.cuts == 1


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("word", [b"BEGIN", b"SELECT number", b"UPDATE org", b"INSERT INTO"])
def test_a_claim_that_is_cut_before_its_commit_is_made_once(
    through: PostgresqlLedger, network: Proxy, word: bytes, delivered: bool, key: str
) -> None:
    network.cut_once_at(word, delivered=delivered)
    org = through.claim(Claim("ann", idempotency_key=key), now=NOW)
    assert network.cuts == 1
    assert_claimed_once(through, org)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("delivered", [False, True])
def test_a_claim_that_is_cut_at_its_commit_is_made_once(
    through: PostgresqlLedger, network: Proxy, delivered: bool, key: str
) -> None:
    network.cut_once_at(COMMIT, delivered=delivered)
    org = through.claim(Claim("ann", idempotency_key=key), now=NOW)
    assert network.cuts == 1
    assert_claimed_once(through, org)


@pytest.mark.parametrize("word", [b"BEGIN", b"FROM event", COMMIT])
def test_a_claim_that_is_cut_again_when_it_queries_the_outcome_is_made_once(
    through: PostgresqlLedger, network: Proxy, word: bytes
) -> None:
    network.cut_once_at(COMMIT, delivered=True)
    network.cut_once_at(word, delivered=True)
    org = through.claim(Claim("ann"), now=NOW)
    assert network.cuts == 2
    assert_claimed_once(through, org)


def test_a_lost_commit_is_not_taken_for_the_claim_of_somebody_else(
    through: PostgresqlLedger, network: Proxy, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the cut and our query, another claim of the same owner takes the same org."""
    is_done = PostgresqlLedger._is_done

    def meanwhile(ledger: PostgresqlLedger, *arguments: Any) -> bool | None:
        with psycopg.connect(world.url, autocommit=True) as connection:
            connection.execute("SELECT FROM org FOR UPDATE")  # waits until the cut claim has ended
        other = world.open().claim(Claim("ann"), now=NOW.replace(microsecond=7))
        assert other is not None
        assert (other.username, other.fence) == ("org-0@acme.example", 1)
        return is_done(ledger, *arguments)

    monkeypatch.setattr(PostgresqlLedger, "_is_done", meanwhile)
    network.cut_once_at(COMMIT, delivered=False)
    org = through.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert org.username == "org-1@acme.example"


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("word", [b"BEGIN", b"UPDATE org", b"INSERT INTO event", COMMIT])
def test_a_move_that_is_cut_is_made_once(
    through: PostgresqlLedger, network: Proxy, word: bytes, delivered: bool
) -> None:
    org = through.orgs()[0]
    network.cut_once_at(word, delivered=delivered)
    moved = through.move(org, State.RELEASED)
    assert network.cuts == 1
    assert moved == through.get(org.username)
    assert [event.to_state for event in through.events()].count("released") == 1


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("word", [b"INSERT INTO org", COMMIT])
def test_a_new_row_that_is_cut_is_added_once(
    through: PostgresqlLedger, network: Proxy, word: bytes, delivered: bool
) -> None:
    org = Org("new@acme.example", "morning")
    network.cut_once_at(word, delivered=delivered)
    through.add(org)
    assert network.cuts == 1
    assert through.get(org.username) == org
    with pytest.raises(ValueError, match="has a row"):
        through.add(org)


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("word", [b"INSERT INTO meta", COMMIT])
def test_facts_whose_recording_is_cut_are_recorded(
    through: PostgresqlLedger, network: Proxy, word: bytes, delivered: bool
) -> None:
    facts = HubFacts(sign_up_way="deployed")
    network.cut_once_at(word, delivered=delivered)
    through.record_facts("hub@acme.example key", facts)
    assert network.cuts == 1
    assert through.facts("hub@acme.example key") == facts


def test_a_move_whose_row_others_changed_after_its_cut_says_that_nobody_knows(
    through: PostgresqlLedger, network: Proxy, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the cut and our query somebody else has moved the row."""
    org = through.orgs()[0]
    commit = Session._commit

    def meanwhile(session: Session, connection: Any) -> None:
        monkeypatch.setattr(Session, "_commit", commit)
        try:
            commit(session, connection)
        finally:
            other = world.open()
            row = other.get(org.username)
            assert row is not None
            other.change(row, purpose="another's")

    monkeypatch.setattr(Session, "_commit", meanwhile)
    network.cut_once_at(COMMIT, delivered=True)
    with pytest.raises(LedgerError, match="it is unknown whether it was saved") as caught:
        through.move(org, State.RELEASED)
    assert "provisioner status" in caught.value.hint


def test_an_administrator_who_ends_the_session_in_mid_claim_changes_nothing(
    through: PostgresqlLedger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    once_in_mid_claim(monkeypatch, lambda: end_sessions(server))
    assert_claimed_once(through, through.claim(Claim("ann"), now=NOW))


@pytest.mark.parametrize("gently", [True, False])
@pytest.mark.parametrize("key", KEYS)
def test_a_server_that_restarts_in_mid_claim_gives_one_org(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, gently: bool, key: str
) -> None:
    with opened(own_server.url(own_server.new_database())) as ledger:
        for number in range(2):
            add_available(ledger, f"org-{number}@acme.example")

        def restart() -> None:
            own_server.stop(gently=gently)
            own_server.start()

        once_in_mid_claim(monkeypatch, restart)
        org = ledger.claim(Claim("ann", idempotency_key=key), now=NOW)
        assert_claimed_once(ledger, org)


def test_a_server_that_stays_away_is_named_after_a_while(own_server: Server) -> None:
    with opened(own_server.url(own_server.new_database()), retry_seconds=0.2) as ledger:
        add_available(ledger, "a@acme.example")
        own_server.stop()
        with pytest.raises(LedgerError) as caught:
            ledger.claim(Claim("ann"), now=NOW)
        assert caught.value.code == "ledger_unreachable"
        with pytest.raises(LedgerError, match="cannot be reached"):
            ledger.orgs()
        own_server.start()
        assert_claimed_once(ledger, ledger.claim(Claim("ann"), now=NOW))


def end_sessions(server: Server) -> None:
    """End all sessions but our own, as an administrator would."""
    server.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )

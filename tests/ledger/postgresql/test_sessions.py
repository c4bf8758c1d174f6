"""A connection may break at any word: what was under way is done once, or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Claim, Ledger, Org, State
from provisioner.ledger.postgresql_ledger import PostgresqlLedger
from provisioner.ledger.sql import SqlLedger
from tests.ledger import postgresql_server
from tests.ledger.postgresql_proxy import Proxy, proxy
from tests.ledger.postgresql_server import Server
from tests.ledger.world import NOW, World, add_available

from .conftest import opened

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


def assert_claimed_once(ledger: Ledger, org: Org | None, owner: str = "ann") -> None:
    """`org` is what `owner` holds, and all that anybody holds."""
    assert org is not None
    claimed = ledger.orgs(states=[State.CLAIMED])
    assert claimed == [org]
    assert (org.owner, org.fence) == (owner, 1)
    assert [event.to_state for event in ledger.events()].count("claimed") == 1


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
@pytest.mark.parametrize("word", [b"BEGIN", b"SELECT username", b"UPDATE org", b"INSERT INTO"])
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
def test_a_claim_that_is_cut_again_when_it_looks_what_came_of_it_is_made_once(
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
    """Between the cut and our look, another claim of the same owner takes the same org."""
    is_done = PostgresqlLedger._is_done

    def meanwhile(ledger: PostgresqlLedger, *arguments: Any) -> bool | None:
        other = world.open().claim(Claim("ann"), now=NOW.replace(microsecond=7))
        assert other is not None
        assert (other.username, other.fence) == ("org-0@acme.example", 1)
        return is_done(ledger, *arguments)

    monkeypatch.setattr(PostgresqlLedger, "_is_done", meanwhile)
    network.cut_once_at(COMMIT, delivered=False)
    org = through.claim(Claim("ann"), now=NOW)
    assert org is not None
    assert org.username == "org-1@acme.example"


def test_a_move_that_is_cut_before_its_commit_is_undone_and_says_so(
    through: PostgresqlLedger, network: Proxy
) -> None:
    org = through.orgs()[0]
    network.cut_once_at(b"UPDATE org", delivered=True)
    with pytest.raises(LedgerError, match="broke; nothing was changed") as caught:
        through.move(org, State.RELEASED)
    assert caught.value.code == "ledger_unreachable"
    assert through.get(org.username) == org


def test_a_move_that_is_cut_at_its_commit_says_that_nobody_knows(
    through: PostgresqlLedger, network: Proxy
) -> None:
    network.cut_once_at(COMMIT, delivered=True)
    with pytest.raises(LedgerError, match="it is written, or it is not") as caught:
        through.move(through.orgs()[0], State.RELEASED)
    assert "provisioner status" in caught.value.hint


def test_an_administrator_who_ends_the_session_in_mid_claim_changes_nothing(
    through: PostgresqlLedger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _once_in_mid_claim(monkeypatch, lambda: end_sessions(server))
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

        _once_in_mid_claim(monkeypatch, restart)
        org = ledger.claim(Claim("ann", idempotency_key=key), now=NOW)
        assert_claimed_once(ledger, org)


def test_a_server_that_stays_away_is_named_after_a_while(own_server: Server) -> None:
    with opened(own_server.url(own_server.new_database()), patience=0.2) as ledger:
        add_available(ledger, "a@acme.example")
        own_server.stop()
        with pytest.raises(LedgerError) as caught:
            ledger.claim(Claim("ann"), now=NOW)
        assert caught.value.code == "ledger_unreachable"
        with pytest.raises(LedgerError, match="cannot be reached"):
            ledger.orgs()
        own_server.start()
        assert_claimed_once(ledger, ledger.claim(Claim("ann"), now=NOW))


def test_a_row_that_another_is_changing_is_waited_for_when_it_is_the_last(
    world: World, server: Server, ledger: PostgresqlLedger
) -> None:
    add_available(ledger, "a@acme.example")
    database = world.url.partition("///")[2].partition("?")[0]
    with psycopg.connect(server.url(database)) as other:
        other.execute("SELECT 1 FROM org FOR UPDATE")
        waiting = (
            "SELECT 1 FROM pg_stat_activity "
            f"WHERE {other.info.backend_pid} = ANY(pg_blocking_pids(pid))"
        )
        with ThreadPoolExecutor(1) as pool:
            claim = pool.submit(ledger.claim, Claim("ann"), now=NOW)
            while not server.sql(waiting) and not claim.done():
                time.sleep(0.01)
            other.rollback()
            org = claim.result()
    assert_claimed_once(ledger, org)


def test_two_claims_with_one_key_take_turns_and_get_one_org(
    world: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.open(), world.open()
    for number in range(2):
        add_available(first, f"org-{number}@acme.example")
    claim = Claim("ann", idempotency_key="job-1")
    waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(1) as pool:
        others: list[Future[Org | None]] = []

        def let_the_other_come() -> None:
            others.append(pool.submit(second.claim, claim, now=NOW))
            while not server.sql(waits) and not others[0].done():
                time.sleep(0.01)

        _once_in_mid_claim(monkeypatch, let_the_other_come)
        org = first.claim(claim, now=NOW)
        assert others[0].result() == org
    assert_claimed_once(first, org)


def test_a_row_locked_for_long_is_no_traceback_and_nothing_is_half_done(
    world: World, server: Server, ledger: PostgresqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioner.ledger import postgresql_session

    begin = postgresql_session._BEGIN.replace(b"lock_timeout = '15s'", b"lock_timeout = '50ms'")
    monkeypatch.setattr(postgresql_session, "_BEGIN", begin)
    org = add_available(ledger, "a@acme.example")
    database = world.url.partition("///")[2].partition("?")[0]
    with psycopg.connect(server.url(database)) as other:
        other.execute("SELECT 1 FROM org FOR UPDATE")
        with pytest.raises(LedgerError) as caught:
            ledger.change(org, purpose="x")
    assert caught.value.code == "ledger_locked"
    assert caught.value.message.endswith("is locked by another session; nothing was changed")
    assert ledger.get(org.username) == org


def test_two_who_wait_for_each_other_are_untied(
    world: World, server: Server, ledger: PostgresqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends one of the two; a claim is then made anew."""
    add_available(ledger, "a@acme.example")
    calls: list[int] = []
    original = PostgresqlLedger._candidate

    def deadlocked(ledger: PostgresqlLedger, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise psycopg.errors.DeadlockDetected("deadlock detected")
        return original(ledger, *arguments)

    monkeypatch.setattr(PostgresqlLedger, "_candidate", deadlocked)
    assert_claimed_once(ledger, ledger.claim(Claim("ann"), now=NOW))


def test_a_standby_is_read_and_not_written(
    ledger: PostgresqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provisioner.ledger import postgresql_session

    begin = postgresql_session._BEGIN.replace(b"READ WRITE", b"READ ONLY")
    monkeypatch.setattr(postgresql_session, "_BEGIN", begin)
    assert ledger.orgs() == []
    with pytest.raises(LedgerError, match="the server is a standby, or read-only") as caught:
        ledger.add(Org("a@acme.example", "morning"))
    assert caught.value.code == "ledger_read_only"


def test_an_interrupt_in_a_transaction_leaves_nothing_behind(ledger: PostgresqlLedger) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted(ledger)
    with ledger._transaction(write=True) as execute:
        assert execute("SELECT key FROM meta WHERE key = 'a'", {}) == []


def test_a_table_that_somebody_changed_is_called_damaged(
    world: World, server: Server, ledger: PostgresqlLedger
) -> None:
    database = world.url.partition("///")[2].partition("?")[0]
    server.sql("ALTER TABLE org DROP COLUMN fence", database=database)
    with pytest.raises(LedgerError, match='column "fence" does not exist') as caught:
        ledger.orgs()
    assert caught.value.code == "ledger_corrupt"


def test_our_own_mistakes_are_not_called_a_damaged_ledger(ledger: PostgresqlLedger) -> None:
    with (
        pytest.raises(psycopg.errors.SyntaxError),
        ledger._transaction(write=False) as execute,
    ):
        execute("SELEKT", {})


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_uses_a_connection_of_its_own(world: World) -> None:
    ledger = open_ledger(world.url, world.directory)
    pid = os.fork()
    if pid == 0:  # pragma: no cover - measured in the parent alone
        code = 1
        try:
            ledger.add(Org("child@acme.example", "morning"))
            ledger.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [org.username for org in ledger.orgs()] == ["child@acme.example"]
    ledger.close()


def end_sessions(server: Server) -> None:
    """End all sessions but our own, as an administrator would."""
    server.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def _once_in_mid_claim(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let `act` happen in the first claim, when its row is changed and not committed."""
    add_event = SqlLedger._add_event
    happened: list[bool] = []

    def add_event_after_that(self: SqlLedger, *arguments: Any, **options: Any) -> None:
        if not happened:
            happened.append(True)
            act()
        add_event(self, *arguments, **options)

    monkeypatch.setattr(SqlLedger, "_add_event", add_event_after_that)


def _interrupted(ledger: PostgresqlLedger) -> None:
    with ledger._transaction(write=True) as execute:
        execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", {})
        raise KeyboardInterrupt

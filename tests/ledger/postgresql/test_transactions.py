"""Whoever else is in the way of a transaction, nothing is half done and nobody gets a traceback."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Claim, Org
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from tests.ledger.postgresql_server import Server
from tests.ledger.world import NOW, World, add_available

from .conftest import assert_claimed_once, once_in_mid_claim


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

        once_in_mid_claim(monkeypatch, let_the_other_come)
        org = first.claim(claim, now=NOW)
        assert others[0].result() == org
    assert_claimed_once(first, org)


def test_a_row_locked_for_long_is_no_traceback_and_nothing_is_half_done(
    world: World, server: Server, ledger: PostgresqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = postgresql_session._START.replace(b"lock_timeout = '15s'", b"lock_timeout = '50ms'")
    monkeypatch.setattr(postgresql_session, "_START", begin)
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
    begin = postgresql_session._START.replace(b"READ WRITE", b"READ ONLY")
    monkeypatch.setattr(postgresql_session, "_START", begin)
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


def _interrupted(ledger: PostgresqlLedger) -> None:
    with ledger._transaction(write=True) as execute:
        execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", {})
        raise KeyboardInterrupt

"""Whatever happens to the file while it is open, nothing is half done and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim, Org
from provisioner.ledger.sqlite.ledger import SqliteLedger

from .files import filled, opened
from .world import NOW, add_available, run


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program that is writing and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_ledger_that_becomes_read_only_while_it_is_open_is_refused(path: Path) -> None:
    with opened(path) as ledger:
        ledger._connection.execute("PRAGMA query_only = ON")  # as if its owner had changed
        with pytest.raises(LedgerError, match="cannot be written") as caught:
            ledger.add(Org("a@acme.example", "morning"))
        assert caught.value.code == "ledger_read_only"


def test_a_ledger_locked_for_long_is_no_traceback_and_nothing_is_half_done(path: Path) -> None:
    with opened(path, retry_seconds=0.2) as ledger:
        add_available(ledger, "a@acme.example")
        with locked(path):
            with pytest.raises(LedgerError) as caught:
                ledger.claim(Claim("ann"), now=NOW)
            assert len(ledger.orgs()) == 1  # reading continues
        assert caught.value.code == "ledger_locked"
        assert "is locked by another process; nothing was changed" in caught.value.message
        assert "database is locked" not in caught.value.message
        assert ledger.claim(Claim("ann"), now=NOW) is not None


def test_a_ledger_deleted_while_it_is_open_takes_no_further_intent(path: Path) -> None:
    with opened(path) as ledger:
        add_available(ledger, "a@acme.example")
        path.unlink()
        with pytest.raises(LedgerError, match="was deleted or replaced while it was open") as why:
            ledger.add(Org("b@acme.example", "morning"))
        assert why.value.code == "ledger_gone"
        with pytest.raises(LedgerError, match="deleted or replaced"):
            ledger.claim(Claim("ann"), now=NOW)


def test_a_ledger_replaced_while_it_is_open_takes_no_further_intent(path: Path) -> None:
    with opened(path) as ledger:
        filled(path.with_name("other.db"))
        path.with_name("other.db").replace(path)
        with pytest.raises(LedgerError, match="deleted or replaced"):
            ledger.add(Org("b@acme.example", "morning"))


def test_a_build_whose_lock_file_is_deleted_writes_nothing_more(path: Path) -> None:
    with ExitStack() as stack:
        ledger, other = (stack.enter_context(opened(path)) for _ in range(2))
        stack.enter_context(ledger.builder_lock(run("run-1"), wait=False))
        path.with_name("ledger.db.build-lock").unlink()
        stack.enter_context(other.builder_lock(run("run-2"), wait=False))
        with pytest.raises(LedgerError, match=r"lock file .* was deleted"):
            ledger.add(Org("b@acme.example", "morning"))
        other.add(Org("b@acme.example", "morning"))


def test_a_lock_file_that_cannot_be_opened_is_named(path: Path) -> None:
    path.with_name("ledger.db.build-lock").mkdir()
    with (
        opened(path) as ledger,
        pytest.raises(LedgerError, match=r"lock file .* cannot be used"),
        ledger.builder_lock(run(), wait=False),
    ):
        pass


def test_a_full_disk_is_named_and_nothing_is_half_done(path: Path) -> None:
    with opened(path) as ledger:
        add_available(ledger, "a@acme.example")
        ledger._connection.execute("PRAGMA max_page_count = 1")  # the most it has already
        with pytest.raises(LedgerError, match="no room on the disk") as caught:
            ledger.add(Org("b@acme.example", "morning", error="x" * 1_000_000))
        assert caught.value.code == "ledger_full"
        assert caught.value.hint.endswith("run the command again; a build resumes")
        assert [org.username for org in ledger.orgs()] == ["a@acme.example"]
        assert ledger.events(username="b@acme.example") == []


def test_an_interrupt_in_a_transaction_leaves_nothing_behind(path: Path) -> None:
    with opened(path) as ledger:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(ledger)
        with ledger._transaction(write=True) as execute:
            assert execute("SELECT key FROM meta WHERE key = 'a'", {}) == []


def test_a_closed_ledger_says_so_and_closing_twice_is_nothing(path: Path) -> None:
    with opened(path) as ledger:
        ledger.close()
        with pytest.raises(LedgerError, match="is already closed"):
            ledger.orgs()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_uses_a_connection_of_its_own(path: Path) -> None:
    with opened(path) as ledger:
        parent = ledger._connection
        pid = os.fork()
        if pid == 0:  # pragma: no cover - measured in the parent alone
            ledger.add(Org("child@acme.example", "morning"))
            os._exit(0 if ledger._connection is not parent else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert ledger._connection is parent
        assert [org.username for org in ledger.orgs()] == ["child@acme.example"]


def test_our_own_mistakes_are_not_called_a_damaged_ledger(path: Path) -> None:
    with (
        opened(path) as ledger,
        pytest.raises(sqlite3.ProgrammingError),
        ledger._transaction(write=False) as execute,
    ):
        execute("SELECT :a", {})


def _interrupted(ledger: SqliteLedger) -> None:
    with ledger._transaction(write=True) as execute:
        execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", {})
        raise KeyboardInterrupt

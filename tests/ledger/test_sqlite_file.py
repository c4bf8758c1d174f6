"""Whatever is wrong with the file, a person reads what it is and what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger import open_ledger, sqlite_file
from provisioner.ledger.base import Claim, Org
from provisioner.ledger.sqlite import SqliteLedger, path_of

from .world import NOW, add_available, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger of the test stands."""
    return tmp_path / "ledger.db"


def opened(path: Path, *, patience: float = 10.0) -> closing[SqliteLedger]:
    """A ledger that is closed at the end of the block."""
    return closing(SqliteLedger(path, patience=patience))


def filled(path: Path, rows: int = 1) -> None:
    """A closed ledger with some rows."""
    with opened(path) as ledger:
        for number in range(rows):
            add_available(ledger, f"org-{number}@acme.example")


def refused(path: Path) -> LedgerError:
    """The error that opening gives."""
    with pytest.raises(LedgerError) as caught, opened(path, patience=0.1):
        pass
    assert caught.value.exit_code == 2
    assert "Traceback" not in caught.value.message
    return caught.value


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program that is writing and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_the_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    with closing(open_ledger("sqlite:///a/b/ledger.db", tmp_path)) as ledger:
        assert ledger.orgs() == []
    assert (tmp_path / "a/b/ledger.db").is_file()


def test_the_file_is_in_wal_mode_and_written_through(path: Path) -> None:
    with opened(path) as ledger:
        assert ledger._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///.provisioner/ledger.db", "/work here/.provisioner/ledger.db"),
        ("sqlite:////var/lib/ledger.db", "/var/lib/ledger.db"),
        ("sqlite:///a b?c#d%20.db", "/work here/a b?c#d%20.db"),
    ],
)
def test_three_slashes_are_relative_to_pool_yaml_and_four_absolute(url: str, expected: str) -> None:
    assert path_of(url, Path("/work here")) == Path(expected)


@pytest.mark.parametrize(
    "url", ["sqlite:", "sqlite://ledger.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a\nb"]
)
def test_a_url_that_names_no_file_is_refused_with_one_that_would(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no file") as caught:
        open_ledger(url, tmp_path)
    assert "sqlite:///.provisioner/ledger.db" in caught.value.hint


def test_a_folder_in_its_place_is_named(path: Path) -> None:
    path.mkdir()
    assert refused(path).message == f"the ledger {path} is a folder, not a file"


def test_a_device_in_its_place_is_named() -> None:
    assert refused(Path("/dev/null")).message == "the ledger /dev/null is a device, not a file"


def test_a_file_in_place_of_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("no folder")
    error = refused(tmp_path / "folder/ledger.db")
    assert "cannot be opened" in error.message
    assert str(tmp_path / "folder") in error.message


def test_a_read_only_file_is_refused(path: Path) -> None:
    filled(path)
    path.chmod(0o444)
    error = refused(path)
    assert (error.message, error.code) == (
        f"the ledger {path} cannot be written",
        "ledger_read_only",
    )
    assert "must be able to write the file" in error.hint


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    filled(folder / "ledger.db")
    folder.chmod(0o555)
    assert refused(folder / "ledger.db").code == "ledger_read_only"
    folder.chmod(0o755)


def test_a_ledger_that_becomes_read_only_while_it_is_open_is_refused(path: Path) -> None:
    with opened(path) as ledger:
        ledger._connection.execute("PRAGMA query_only = ON")  # as if its owner had changed
        with pytest.raises(LedgerError, match="cannot be written") as caught:
            ledger.add(Org("a@acme.example", "morning"))
        assert caught.value.code == "ledger_read_only"


def test_a_file_that_is_no_database_is_called_damaged(path: Path) -> None:
    path.write_bytes(b"SQLite format 4\0" + b"\xff" * 5000)
    error = refused(path)
    assert error.code == "ledger_corrupt"
    assert error.message.startswith(f"the ledger {path} is damaged: ")
    assert "-wal and -shm" in error.hint
    assert path.read_bytes().startswith(b"SQLite format 4")


def test_a_database_with_overwritten_pages_is_called_damaged(path: Path) -> None:
    filled(path, rows=200)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 4096] = b"\x07" * 4096
    path.write_bytes(content)
    with pytest.raises(LedgerError) as caught, opened(path) as ledger:
        ledger.orgs()
    assert caught.value.code == "ledger_corrupt"


def test_a_truncated_database_is_called_damaged(path: Path) -> None:
    filled(path, rows=200)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(LedgerError) as caught, opened(path) as ledger:
        ledger.orgs()
    assert caught.value.code == "ledger_corrupt"


def test_an_empty_file_is_a_new_ledger(path: Path) -> None:
    path.touch()
    with opened(path) as ledger:
        assert ledger.orgs() == []


def test_a_database_of_something_else_is_refused_and_left_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE org (id INTEGER)")
    before = path.read_bytes()
    assert refused(path).message == f"{path} is a database of something else, not a ledger"
    assert path.read_bytes() == before


def test_a_table_that_somebody_changed_is_called_damaged(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE org DROP COLUMN fence")
    with pytest.raises(LedgerError, match="no such column: fence") as caught, opened(path) as bad:
        bad.orgs()
    assert caught.value.code == "ledger_corrupt"


def test_a_ledger_locked_for_long_is_no_traceback_and_nothing_is_half_done(path: Path) -> None:
    with opened(path, patience=0.2) as ledger:
        add_available(ledger, "a@acme.example")
        with locked(path):
            with pytest.raises(LedgerError) as caught:
                ledger.claim(Claim("ann"), now=NOW)
            assert len(ledger.orgs()) == 1  # reading goes on
        assert caught.value.code == "ledger_locked"
        assert "is locked by another process; nothing was changed" in caught.value.message
        assert "database is locked" not in caught.value.message
        assert ledger.claim(Claim("ann"), now=NOW) is not None


def test_a_new_ledger_locked_before_it_has_tables_is_reported_as_locked(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert refused(path).code == "ledger_locked"


def test_the_patience_is_ten_seconds(path: Path) -> None:
    with opened(path) as ledger:
        assert ledger._connection.execute("PRAGMA busy_timeout").fetchone()[0] == 10_000


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
        assert "goes on where it was" in caught.value.hint
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
        with pytest.raises(LedgerError, match="was closed already"):
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


def test_the_identity_of_a_missing_file_is_none(path: Path) -> None:
    assert sqlite_file.identity(path) is None


def _interrupted(ledger: SqliteLedger) -> None:
    with ledger._transaction(write=True) as execute:
        execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", {})
        raise KeyboardInterrupt

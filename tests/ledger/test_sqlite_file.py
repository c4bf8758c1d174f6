"""Whatever is wrong with the file, a person reads what it is and what to do."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger import open_ledger
from provisioner.ledger.sqlite import file as sqlite_file
from provisioner.ledger.sqlite.address import path_of

from .files import filled, opened, refused


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
    with pytest.raises(UsageError, match="contains no file path") as caught:
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
    assert "needs write access to the file, to its -wal and -shm files" in error.hint


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    filled(folder / "ledger.db")
    folder.chmod(0o555)
    assert refused(folder / "ledger.db").code == "ledger_read_only"
    folder.chmod(0o755)


def test_a_file_that_is_no_database_is_called_damaged(path: Path) -> None:
    path.write_bytes(b"SQLite format 4\0" + b"\xff" * 5000)
    error = refused(path)
    assert error.code == "ledger_corrupt"
    assert error.message.startswith(f"the ledger {path} is damaged: ")
    assert "-wal and -shm" in error.hint
    assert path.read_bytes().startswith(b"SQLite format 4")


@pytest.mark.slow
def test_a_database_with_overwritten_pages_is_called_damaged(path: Path) -> None:
    filled(path, rows=200)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 4096] = b"\x07" * 4096
    path.write_bytes(content)
    with pytest.raises(LedgerError) as caught, opened(path) as ledger:
        ledger.orgs()
    assert caught.value.code == "ledger_corrupt"


@pytest.mark.slow
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
    assert refused(path).message == f"{path} is the database of another program, not a ledger"
    assert path.read_bytes() == before


def test_a_table_that_somebody_changed_is_called_damaged(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE org DROP COLUMN fence")
    with pytest.raises(LedgerError, match="no such column: fence") as caught, opened(path) as bad:
        bad.orgs()
    assert caught.value.code == "ledger_corrupt"


def test_a_sqlite_that_is_too_old_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    error = refused(path)
    assert error.code == "sqlite_too_old"
    assert error.message.endswith("the ledger needs 3.35 or newer")
    assert not path.exists()


def test_the_identity_of_a_missing_file_is_none(path: Path) -> None:
    assert sqlite_file.identity(path) is None

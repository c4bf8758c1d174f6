"""Opens and guards the file of a SQLite ledger, and puts its failures into words."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.errors import LedgerError, RowValueError
from provisioner.ledger.sql import schema, statements
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.sqlite.mounts import refuse_network_file_system
from provisioner.retry import DATABASE, Budget

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
Identity = tuple[int, int] | None
"""Device and inode of a file; None when it does not exist."""

_OLDEST = (3, 35, 0)  # the first that knows RETURNING (sqlite.org/lang_returning.html)
_SERIAL = "INTEGER PRIMARY KEY AUTOINCREMENT"
_AT_ONCE = 1.0  # seconds that SQLite itself waits; after that, our own retries begin
_LOCKED = ("BUSY", "LOCKED", "PROTOCOL")

_ASIDE = (
    "restore it from a backup; or move it aside together with its -wal and -shm files, and restore "
    "the rows from the Dev Hub: provisioner reap --rebuild"
)


def identity(path: Path) -> Identity:
    """The identity of the file at `path`."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_file(path: Path, retry_seconds: float) -> tuple[sqlite3.Connection, Identity]:
    """A connection to the ledger in WAL mode, its tables up to date; made where missing.

    Waits up to `retry_seconds` seconds for other processes. Raises LedgerError.
    """
    import sqlite3

    if sqlite3.sqlite_version_info < _OLDEST:
        raise LedgerError(
            f"this Python has SQLite {sqlite3.sqlite_version}; the ledger needs 3.35 or newer",
            code="sqlite_too_old",
            hint="use a Python that was built with a newer SQLite",
        )
    _prepare(path)
    with translated(path):
        connection = sqlite3.connect(
            path,
            timeout=min(retry_seconds, _AT_ONCE),
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            # A text that is none makes its row unreadable, and not the whole answer.
            connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            _set_up(connection, path, retry_seconds)
        except BaseException:
            connection.close()
            raise
    return connection, identity(path)


def executor(connection: sqlite3.Connection) -> Execute:
    """How statements are run on `connection`."""

    def execute(statement: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return connection.execute(statement, parameters).fetchall()

    return execute


def reader(connection: sqlite3.Connection, path: Path, retry_seconds: float) -> Execute:
    """How statements that change nothing are run: they wait up to `retry_seconds` seconds."""
    execute = executor(connection)
    return lambda statement, parameters: _unlocked(
        path, retry_seconds, lambda: execute(statement, parameters)
    )


@contextmanager
def immediate(
    connection: sqlite3.Connection, path: Path, retry_seconds: float
) -> Iterator[Execute]:
    """A write transaction: it takes the write lock first, so it can never fail half-way.

    Waits for that up to `retry_seconds` seconds.
    """
    try:
        _unlocked(path, retry_seconds, lambda: connection.execute("BEGIN IMMEDIATE"))
        yield executor(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what SQLite raises about the file into LedgerError; our own mistakes pass."""
    import sqlite3

    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError):
        raise
    except (sqlite3.DataError, OverflowError, UnicodeEncodeError):
        raise RowValueError(f"the ledger {path} cannot store a value of a row") from None
    except sqlite3.DatabaseError as error:
        in_words = _in_words(error, path)
        if in_words is None:
            raise
        raise in_words from None


def _in_words(error: sqlite3.DatabaseError, path: Path) -> LedgerError | None:
    # The low byte is the kind, the rest which of its variants (sqlite.org/rescode.html).
    kind = _kind(error)
    if kind in _LOCKED:
        return LedgerError(
            f"{_is_locked(path)}; nothing was changed",
            code="ledger_locked",
            hint=f"try again; this command shows the process that uses it: fuser -v {path}",
        )
    if kind in ("READONLY", "PERM", "CANTOPEN", "AUTH"):
        return _not_writable(path)
    if kind == "FULL":
        return no_room(f"the ledger {path}")
    if kind in ("CORRUPT", "NOTADB") or str(error).startswith("no such "):
        return LedgerError(
            f"the ledger {path} is damaged: {error}", code="ledger_corrupt", hint=_ASIDE
        )
    if kind == "TOOBIG":
        return RowValueError(f"the ledger {path} cannot store a value of a row: {error}")
    if kind == "ERROR":  # a statement that SQLite does not understand
        return None
    return LedgerError(
        f"the ledger {path} cannot be used: {error}",
        hint="check the disk and its file system for errors",
    )


def _kind(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_").partition("_")[0]


def _is_locked(path: Path) -> str:
    return f"the ledger {path} is locked by another process"


def _unlocked(path: Path, retry_seconds: float, act: Callable[[], T]) -> T:
    """What `act` gives, done again while another process is in the way.

    SQLite itself waits for a short while only, and not at all where it fears a deadlock: when two
    processes turn a new file to WAL at once, or one repairs what a killed one left.
    """
    import sqlite3

    budget = Budget(DATABASE, seconds=retry_seconds)
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if _kind(error) not in _LOCKED or not budget.wait(_is_locked(path)):
                raise


def no_room(what: str) -> LedgerError:
    """The disk is full, or a quota is used up."""
    return LedgerError(
        f"no room on the disk for {what}; nothing was changed",
        code="ledger_full",
        hint="free some disk space, then run the command again; a build resumes",
    )


def is_full(error: OSError) -> bool:
    """Whether there is no room for what was to be written."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_file(path: Path) -> int:
    """A descriptor of the file at `path`, made where it is missing, for its owner alone.

    In a folder that a group shares (setgid, or writable by its group) the group may write it,
    too; in one where everybody may put files (sticky) nobody else. Raises OSError.
    """
    try:
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    folder = os.stat(path.parent).st_mode
    if folder & (stat.S_ISGID | stat.S_IWGRP) and not folder & stat.S_ISVTX:
        os.fchmod(made, 0o660)  # whatever the umask: the folder says it
    return made


def _not_writable(path: Path) -> LedgerError:
    return LedgerError(
        f"the ledger {path} cannot be written",
        code="ledger_read_only",
        hint="the user who runs this command needs write access to the file, to its -wal and -shm "
        "files, and to their folder",
    )


def _prepare(path: Path) -> None:
    """Check what is at `path`, and create its folder if it does not exist."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        exists = path.exists()
        if exists and not path.is_file():
            kind = "folder" if path.is_dir() else "device"
            raise LedgerError(
                f"the ledger {path} is a {kind}, not a file",
                hint="write the path of a file in `ledger:`",
            )
        if not exists and is_writable(path.parent):
            os.close(make_file(path))  # SQLite gives those beside it the same mode
    except OSError as error:
        if is_full(error):
            raise no_room(f"the ledger {path}") from None
        raise LedgerError(
            f"the ledger {path} cannot be opened: {error.strerror}: {error.filename}",
            hint="write a path in `ledger:` that this user can write to",
        ) from None
    if not all(map(is_writable, [path.parent, path] if exists else [path.parent])):
        raise _not_writable(path)
    refuse_network_file_system(path.parent)


def is_writable(path: Path) -> bool:
    """Also for root, whom permissions do not stop, a file marked read-only is read-only."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def _set_up(connection: sqlite3.Connection, path: Path, retry_seconds: float) -> None:
    version = _unlocked(path, retry_seconds, lambda: _version(connection, path))
    if _pragma(connection, "journal_mode = WAL", path, retry_seconds) != "wal":
        raise LedgerError(
            f"the file system of the ledger {path} does not let several processes share it",
            hint="move it to a local disk, and write the new path in `ledger:`",
        )
    _pragma(connection, "synchronous = FULL", path, retry_seconds)
    if _pragma(connection, "synchronous", path, retry_seconds) != 2:
        raise LedgerError(
            f"SQLite refuses to write the ledger {path} safely to the disk (synchronous = FULL)"
        )
    if version < schema.NEWEST:
        with immediate(connection, path, retry_seconds) as execute:
            # Another process may have created it since the first check.
            schema.migrate(execute, _version(connection, path), serial=_SERIAL)


def _pragma(connection: sqlite3.Connection, pragma: str, path: Path, retry_seconds: float) -> Any:
    """Run a PRAGMA and give its answer."""
    row = _unlocked(path, retry_seconds, lambda: connection.execute(f"PRAGMA {pragma}").fetchone())
    return row[0] if row else None


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Which version the file is; 0 for a new one. Raises LedgerError when it is not ours."""
    execute = executor(connection)
    tables = {row["name"] for row in execute("SELECT name FROM sqlite_master", {})}
    if not tables:
        return 0
    if not {"meta", "org", "event", "run"} <= tables:
        raise LedgerError(
            f"{path} is the database of another program, not a ledger",
            hint="write the path of another file in `ledger:`",
        )
    return schema.version_in(execute(statements.SCHEMA_VERSION, {}), str(path))

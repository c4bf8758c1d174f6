"""A real PostgreSQL server of a test process's own: on a Unix socket in a new folder.

It is started from the system's binaries when the first test wants it. Without fsync: what is
tested is the ledger, not the server's promise about power cuts.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import psycopg
import pytest

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "listen_addresses": "",
    "log_min_messages": "fatal",
}
HBA = "local all guarded scram-sha-256\nlocal all stranger reject\nlocal all all trust\n"
"""Who may log in: `guarded` with a password, `stranger` never, all others as they like."""

SUPERUSER = "postgres"
TIMEOUT = 60.0  # seconds that a start may take on a busy machine


def binaries() -> Path | None:
    """The folder of initdb and postgres: out of PATH, else Debian's newest."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = sorted(folders, key=lambda path: int(path.parts[-3]))
    return newest[-1].parent if newest else None


class Server:
    """One server; `start` and `stop` as often as a test likes."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self._empty: dict[int, list[str]] = {}  # by the process that emptied them
        self._run("initdb", "-D", "data", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = {**SETTINGS, "unix_socket_directories": str(folder)}
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (folder / "data" / "pg_hba.conf").write_text(HBA)

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [str(self._binaries / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                **identity(),
            )
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)

    def listen(self, address: str) -> None:
        """Restart, and accept connections of its network at this address as well, port 5432."""
        self.stop()
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"listen_addresses = '{address}'\n")
        with (self.folder / "data" / "pg_hba.conf").open("a") as file:
            file.write("host all all samenet trust\n")
        self.start()

    def stop(self, *, gently: bool = True) -> None:
        """End all sessions and the server; not `gently` as at a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if gently else signal.SIGQUIT)
            self._process.wait(timeout=TIMEOUT)
            self._process = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    def destroy(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop(gently=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, *, user: str = SUPERUSER, **parameters: str) -> str:
        """The ledger's URL of a database on this server."""
        query = {"host": str(self.folder), "user": user, **parameters}
        text = "&".join(f"{name}={quote(value, safe='/')}" for name, value in query.items())
        return f"postgresql:///{database}?{text}"

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the superuser; the rows of the last one."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, options: str = "") -> str:
        """The name of an empty database; a new one takes 0.2 s, one that was emptied nothing."""
        if not options and (emptied := self._empty.get(os.getpid())):
            return emptied.pop()
        name = f"ledger_{os.getpid()}_{next(self._numbers)}"  # forked processes share the server
        self.sql(f"CREATE DATABASE {name} {options}")
        return name

    def empty(self, database: str) -> None:
        """Clear a database that nobody needs any more; the next who wants a new one gets it."""
        self.clear(database)
        self._empty.setdefault(os.getpid(), []).append(database)

    def clear(self, database: str) -> None:
        """Throw out all that is in a database, and whoever is still in it."""
        self.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            database=database,
        )

    def _run(self, binary: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._binaries / binary), *arguments],
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **identity(),
        )


def not_tested(what: str) -> NoReturn:
    """Skip the test for want of a server; where TESTS_NEED_POSTGRESQL is set, fail it."""
    text = f"{what} is NOT TESTED here; scripts/install-postgresql installs what is missing"
    if os.environ.get("TESTS_NEED_POSTGRESQL"):
        pytest.fail(text)
    pytest.skip(text)


@contextmanager
def server() -> Iterator[Server]:
    """A server that a test may stop; skips the test where there are no binaries."""
    made = _new()
    try:
        yield made
    finally:
        made.destroy()


@cache
def shared() -> Server:
    """The server of this process, which no test stops."""
    made = _new()
    atexit.register(made.destroy)
    return made


def new_url() -> tuple[str, Callable[[], None]]:
    """The URL of an empty database on the shared server, and how to give it back."""
    database = shared().new_database()
    return shared().url(database), lambda: shared().empty(database)


def _new() -> Server:
    found = binaries()
    if found is None:
        not_tested("NO POSTGRESQL BINARIES: the postgresql ledger")
    # Not below pytest's folder: that is root's alone, and too long for a socket's address.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    made: Server | None = None
    try:
        if _is_root():
            os.chown(folder, account().pw_uid, account().pw_gid)
        made = Server(folder, found)
        made.start()
    except BaseException:
        if made is not None:
            made.stop(gently=False)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return made


def _is_root() -> bool:
    return os.geteuid() == 0


def account() -> pwd.struct_passwd:
    """Whom the server runs as when we are root, whom PostgreSQL refuses."""
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def identity() -> dict[str, Any]:
    """Arguments of Popen for a server of that account."""
    if not _is_root():
        return {}
    return {"user": account().pw_uid, "group": account().pw_gid, "extra_groups": []}


def _end_with_parent() -> None:
    """No server outlives a test process that was killed (prctl(2): PR_SET_PDEATHSIG is 1)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)

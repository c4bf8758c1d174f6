"""A real PgBouncer in front of a test server, on a Unix socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.ledger.postgresql_server import SUPERUSER, Server, account, identity, not_tested

CONFIGURATION = """\
[databases]
* = host={server} user={superuser}
[pgbouncer]
pool_mode = {mode}
unix_socket_dir = {folder}
listen_addr =
listen_port = 5432
auth_type = any
ignore_startup_parameters = {ignored}
user = {user}
"""


@dataclass
class Pooler:
    """PgBouncer in front of the server."""

    folder: Path
    database: str

    @property
    def url(self) -> str:
        """The ledger's URL through it."""
        return f"postgresql:///{self.database}?host={self.folder}&user={SUPERUSER}"


def pgbouncer() -> str | None:
    """The program; None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pooled(server: Server, database: str, mode: str, ignored: str) -> Iterator[Pooler]:
    """PgBouncer in this pool mode, with the startup parameters that it ignores, until the end of
    the block. Skips the test where it is not installed."""
    binary = pgbouncer()
    if binary is None:
        not_tested("NO PGBOUNCER: the way through a pooler")
    folder = Path(tempfile.mkdtemp(prefix="pg-pooler-"))
    user = account().pw_name
    (folder / "pgbouncer.ini").write_text(
        CONFIGURATION.format(
            server=server.folder,
            superuser=SUPERUSER,
            mode=mode,
            folder=folder,
            ignored=ignored,
            user=user,
        )
    )
    if os.geteuid() == 0:
        os.chown(folder, account().pw_uid, account().pw_gid)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binary, str(folder / "pgbouncer.ini")], stdout=log, stderr=log, **identity()
        )
    try:
        made = Pooler(folder, database)
        _wait_for(made, process)
        yield made
    finally:
        process.kill()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(pooler: Pooler, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(pooler.url).close()
            return
        except psycopg.OperationalError:
            log = (pooler.folder / "log").read_text()
            assert process.poll() is None, log
            assert time.monotonic() < end, log
            time.sleep(0.02)

"""Behind a pooler that shares sessions claims work and builds are refused (a real PgBouncer)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim
from provisioner.ledger.postgresql.address import address_of
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from tests.ledger.postgresql_server import (
    SUPERUSER,
    Server,
    account,
    identity,
    not_tested,
)
from tests.ledger.world import NOW, add_available, run

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


@pytest.fixture
def pooler(request: pytest.FixtureRequest, server: Server, database: str) -> Iterator[Pooler]:
    """PgBouncer with `(mode, ignored startup parameters)`."""
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        not_tested("NO PGBOUNCER: the way through a pooler")
    mode, ignored = request.param
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


def opened(pooler: Pooler) -> closing[PostgresqlLedger]:
    """The ledger through the pooler."""
    return closing(PostgresqlLedger(address_of(pooler.url)))


ALL = pytest.mark.parametrize(
    "pooler", [("transaction", ""), ("transaction", "options"), ("session", "")], indirect=True
)


@ALL
def test_claims_work_through_a_pooler(pooler: Pooler) -> None:
    with opened(pooler) as ledger, opened(pooler) as other:
        add_available(ledger, "a@acme.example")
        add_available(other, "b@acme.example")
        claim = Claim("ann", idempotency_key="job-1")
        assert ledger.claim(claim, now=NOW) == other.claim(claim, now=NOW)
        assert other.claim(Claim("bob"), now=NOW) is not None


@ALL
def test_a_build_through_a_pooler_is_refused_before_anything_is_locked(
    pooler: Pooler, server: Server
) -> None:
    assert_refused(pooler, server)


@pytest.mark.parametrize("pooler", [("transaction", "options")], indirect=True)
def test_a_pooler_whose_server_has_our_settings_is_recognised_by_its_sessions(
    pooler: Pooler, server: Server
) -> None:
    server.sql(
        f"ALTER DATABASE {pooler.database} SET idle_session_timeout = '45s'",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "  # what the pooler kept
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    try:
        error = assert_refused(pooler, server)
        assert "the pooler does not keep sessions apart" in error.message
    finally:
        server.sql(f"ALTER DATABASE {pooler.database} RESET idle_session_timeout")


def assert_refused(pooler: Pooler, server: Server) -> LedgerError:
    """A build is refused, and leaves no lock with a stranger."""
    with opened(pooler) as ledger:
        with (
            pytest.raises(LedgerError) as caught,
            ledger.builder_lock(run(), wait=False),
        ):
            pass
        assert caught.value.code == "ledger_pooler"
        assert "connection pooler that shares sessions" in caught.value.message
        assert "write the address of the server itself" in caught.value.hint
        assert ledger.runs() == []
        locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
        assert server.sql(locks, database=pooler.database) == []
    return caught.value

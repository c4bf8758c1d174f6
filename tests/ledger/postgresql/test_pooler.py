"""Behind a pooler that shares sessions claims work and builds are refused (a real PgBouncer)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from provisioner.claim.rules import claim
from provisioner.errors import LedgerError
from provisioner.ledger.base import Claim
from provisioner.ledger.postgresql.address import address_of
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from provisioner.ledger.queue import Polling
from provisioner.ledger.rows import utc_now
from provisioner.ledger.sql.ledger import SqlLedger
from tests.ledger.pooler import Pooler, pooled
from tests.ledger.postgresql_server import Server
from tests.ledger.storm import add_claimable
from tests.ledger.world import NOW, add_available, run


@pytest.fixture
def pooler(request: pytest.FixtureRequest, server: Server, database: str) -> Iterator[Pooler]:
    """PgBouncer with `(mode, ignored startup parameters)`."""
    with pooled(server, database, *request.param) as made:
        yield made


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
        keyed = Claim("ann", idempotency_key="job-1")
        assert ledger.claim(keyed, now=NOW) == other.claim(keyed, now=NOW)
        assert other.claim(Claim("bob"), now=NOW) is not None


@ALL
def test_waiting_claims_poll_behind_a_pooler(
    pooler: Pooler, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a notification would reach a stranger, and the lock would stay with one."""
    monkeypatch.setattr(SqlLedger, "polling", Polling(poll_every=0.01, abandoned_after=300.0))
    has_a_place = threading.Event()
    with opened(pooler) as ledger, opened(pooler) as other, ThreadPoolExecutor(1) as threads:
        hour = timedelta(hours=1)
        waiting = threads.submit(
            claim, ledger, owner="ann", wait=hour, on_wait=lambda _why: has_a_place.set()
        )
        assert has_a_place.wait(timeout=60)
        add_claimable(other, "a@acme.example", utc_now())
        assert waiting.result(timeout=60).username == "a@acme.example"
        locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
        assert server.sql(locks, database=pooler.database) == []
        assert not ledger._can_listen


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

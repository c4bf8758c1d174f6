"""Whatever keeps a ledger from being opened, a person reads what it is and what to do."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from provisioner.errors import LedgerError
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org
from provisioner.ledger.postgresql import connection as postgresql_connection
from provisioner.ledger.postgresql.ledger import PostgresqlLedger
from tests.ledger.postgresql_server import Server
from tests.ledger.world import add_available

from .conftest import opened, refused


@pytest.fixture
def guarded(server: Server) -> str:
    """A user who needs a password."""
    if not server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'guarded'"):
        server.sql("CREATE ROLE guarded LOGIN PASSWORD 'hunter2'")
    return "guarded"


@pytest.fixture
def plain(server: Server) -> str:
    """A user who owns nothing."""
    if not server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'plain'"):
        server.sql("CREATE ROLE plain LOGIN")
    return "plain"


def test_a_server_that_is_down_is_named(tmp_path: Path) -> None:
    error = refused(f"postgresql:///pools?host={tmp_path}&user=ann")
    assert error.code == "ledger_unreachable"
    assert error.message.startswith(
        f"the ledger postgresql:///pools?host={tmp_path} cannot be reached: "
    )
    assert "No such file or directory" in error.message
    assert "pg_isready" in error.hint


def test_a_port_where_nobody_listens_is_named() -> None:
    error = refused("postgresql://ann:hunter2@127.0.0.1:9/pools")
    assert error.code == "ledger_unreachable"
    assert error.message.startswith("the ledger postgresql://127.0.0.1:9/pools cannot be reached")
    assert "Connection refused" in error.message
    assert "hunter2" not in error.message


def test_a_wrong_password_is_refused_and_not_shown(
    server: Server, database: str, guarded: str
) -> None:
    error = refused(server.url(database, user=guarded, password="hunter3"))
    assert error.code == "ledger_refused"
    assert 'password authentication failed for user "guarded"' in error.message
    assert "~/.pgpass" in error.hint
    assert "hunter3" not in f"{error.message}{error.hint}{error!r}"
    assert refused(server.url(database, user=guarded)).code == "ledger_refused"


def test_a_password_that_the_servers_text_repeats_hides_the_text(
    server: Server, database: str, guarded: str
) -> None:
    error = refused(server.url(database, user=guarded, password="authentication"))
    assert error.message.endswith("refuses the login")


def test_a_user_whom_the_server_does_not_know_or_not_let_in(server: Server, database: str) -> None:
    assert 'role "nobody" does not exist' in refused(server.url(database, user="nobody")).message
    error = refused(server.url(database, user="stranger"))
    assert (error.code, "pg_hba.conf" in error.hint) == ("ledger_refused", True)


def test_a_database_that_does_not_exist_is_named(server: Server) -> None:
    error = refused(server.url("pools"))
    assert error.code == "ledger_missing"
    assert 'database "pools" does not exist' in error.message
    assert "createdb" in error.hint


def test_a_user_who_may_not_create_the_tables_gets_an_error(
    server: Server, database: str, plain: str
) -> None:
    server.sql("GRANT USAGE ON SCHEMA public TO plain", database=database)
    error = refused(server.url(database, user=plain))
    assert error.code == "ledger_permission"
    assert error.message.endswith(
        "is not allowed to create them: permission denied for schema public"
    )
    assert "GRANT CREATE ON SCHEMA public" in error.hint


def test_a_user_who_may_not_even_see_the_schema_gets_an_error(
    server: Server, database: str, plain: str
) -> None:
    error = refused(server.url(database, user=plain))
    assert error.code == "ledger_permission"
    assert "has no usable schema" in error.message


def test_a_user_who_may_only_read_gets_an_error_at_a_write(
    server: Server, database: str, plain: str
) -> None:
    with opened(server.url(database)) as ledger:
        add_available(ledger, "a@acme.example")
    server.sql(
        "GRANT USAGE ON SCHEMA public TO plain",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain",
        database=database,
    )
    with opened(server.url(database, user=plain)) as ledger:
        assert len(ledger.orgs()) == 1
        with pytest.raises(LedgerError, match="permission denied for table org") as caught:
            ledger.add(Org("b@acme.example", "morning"))
    assert caught.value.code == "ledger_permission"
    assert "docs/ledgers.md" in caught.value.hint


def test_a_schema_of_its_own_keeps_two_ledgers_in_one_database_apart(
    server: Server, database: str
) -> None:
    server.sql("CREATE SCHEMA one", "CREATE SCHEMA two", database=database)
    one, two = (server.url(database, options=f"-csearch_path={name}") for name in ("one", "two"))
    with opened(one) as first, opened(two) as second:
        add_available(first, "a@acme.example")
        assert second.orgs() == []
    server.sql("DROP SCHEMA one CASCADE", "DROP SCHEMA two CASCADE", database=database)


def test_tables_of_something_else_are_left_alone(server: Server, database: str) -> None:
    server.sql("CREATE TABLE event (id integer)", database=database)
    error = refused(server.url(database))
    assert error.message.endswith("has tables of another program: event")
    assert "search_path" in error.hint
    assert server.sql("SELECT * FROM event", database=database) == []


def test_a_database_in_another_encoding_is_refused(server: Server) -> None:
    if not server.sql("SELECT 1 FROM pg_database WHERE datname = 'latin'"):
        server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    error = refused(server.url("latin"))
    assert error.code == "ledger_encoding"
    assert error.message.endswith("is encoded in LATIN1; it must be UTF8")


def test_a_server_that_is_too_old_is_refused(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_connection, "_OLDEST", 990_000)
    error = refused(server.url(database))
    assert error.code == "postgresql_too_old"
    assert "it needs 14 or newer" in error.message


def test_a_server_without_a_free_connection_is_waited_for(
    server: Server, database: str, plain: str
) -> None:
    with opened(server.url(database)):
        pass
    server.sql(
        f"GRANT ALL ON SCHEMA public TO {plain}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {plain}",
        f"ALTER DATABASE {database} CONNECTION LIMIT 0",
        database=database,
    )
    url = server.url(database, user=plain)
    error = refused(url)
    assert error.code == "ledger_busy"
    assert "accepts no more connections" in error.message
    raise_limit = f"ALTER DATABASE {database} CONNECTION LIMIT -1"
    timer = threading.Timer(0.2, server.sql, [raise_limit])
    timer.start()
    with opened(url) as ledger:
        assert ledger.orgs() == []
    timer.join()


def test_without_psycopg_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerError) as caught:
        open_ledger("postgresql://db/pools", tmp_path)
    assert caught.value.code == "psycopg_missing"
    assert caught.value.hint == "pip install 'provisioner[postgresql]'"


def test_no_other_ledger_imports_psycopg(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys, pathlib, provisioner.cli.main, provisioner.cli.claim, provisioner.ledger as l;"
        "l.open_ledger('sqlite:///x.db', pathlib.Path('.')).close();"
        "sys.exit('psycopg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_a_closed_ledger_says_so_and_closing_twice_is_nothing(ledger: PostgresqlLedger) -> None:
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="is already closed"):
        ledger.orgs()

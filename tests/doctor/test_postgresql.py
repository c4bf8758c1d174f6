"""A ledger in PostgreSQL is read, and must be writable."""

from __future__ import annotations

from tests.builder.night import Night
from tests.ledger import postgresql_server
from tests.proof.here import run


def test_a_database_that_can_only_be_read_is_a_problem(night: Night) -> None:
    server = postgresql_server.shared()
    database = server.new_database()
    try:
        night.write_pool(steps="", top=f'ledger: "{server.url(database)}"')
        ended = run(night, "check", "--online")
        assert ended.code == 0
        assert f"✓ ledger: postgresql:///{database}?host=" in ended.err
        assert ": can be read and written; 0 scratch orgs\n" in ended.err

        role = f"reader_of_{database}"
        server.sql(
            f"CREATE ROLE {role} LOGIN",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
            database=database,
        )
        night.write_pool(steps="", top=f'ledger: "{server.url(database, user=role)}"')
        ended = run(night, "check", "--online")
        assert ended.code == 2
        assert "refuses this user a permission: permission denied for table waiter" in ended.err
        assert (
            "  hint: docs/ledgers.md lists the permissions that builds and consumers" in ended.err
        )
        server.sql(f"DROP OWNED BY {role}", f"DROP ROLE {role}", database=database)
    finally:
        server.empty(database)

"""Whole commands on a PostgreSQL ledger: exit codes, words, and what the page on ledgers grants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import run as run_command
from provisioner.errors import LedgerError
from provisioner.ledger.base import Org, State
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.ledger.sql import history
from tests.ledger.postgresql_server import Server
from tests.ledger.storm import prepare, write_pool_file
from tests.ledger.world import ROOT, bring, run

from .conftest import opened

Call = Callable[..., tuple[int, Any, str]]

PAGE = ROOT / "docs" / "ledgers.md"


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """A command with --json: exit code, document, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, Any, str]:
        code = run_command([*arguments, "--json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out), captured.err

    return call


@pytest.fixture
def roles(server: Server, database: str) -> None:
    """The roles that the page names, with what it grants them."""
    for role in ("developers", "builders"):
        if not server.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            server.sql(f"CREATE ROLE {role} LOGIN")
    with opened(server.url(database)):
        pass
    (block,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    grants = [line for line in block.splitlines() if line.startswith("GRANT")]
    assert len(grants) == 8
    server.sql(*grants, database=database)


@pytest.mark.usefixtures("roles")
def test_a_consumer_with_the_rights_of_the_page_claims_renews_and_releases(
    server: Server, database: str, tmp_path: Path, call: Call
) -> None:
    prepare(server.url(database), tmp_path, 1, through=server.url(database, user="developers"))
    code, org, _ = call("claim", "--owner", "ann", "--idempotency-key", "job-1")
    assert (code, org["username"]) == (0, "org-0@acme.example")
    assert call("claim", "--owner", "ann", "--idempotency-key", "job-1")[1] == org
    code, error, _ = call("claim", "--owner", "bob")
    assert (code, error["error"]["code"]) == (3, "no_org_available")
    assert call("renew", org["username"], "--owner", "ann", "--lease", "8h")[0] == 0
    assert call("status")[0] == 0
    assert call("release", org["username"], "--owner", "ann")[0] == 0


@pytest.mark.usefixtures("roles")
def test_a_builder_with_the_rights_of_the_page_builds_and_a_consumer_cannot(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST_RUNS", 0)
    org = Org("a@acme.example", "morning", builder_id="run-1")
    with opened(server.url(database, user="builders")) as ledger:
        with ledger.builder_lock(run(), wait=False):
            ledger.add(org)
            failed = ledger.move(org, State.FAILED)
            assert failed is not None
            assert ledger.move(failed, State.DELETED) is not None
            ledger.prune(timedelta(0))
            assert ledger.orgs(states=State) == []
        ledger.finish_run(run())
    with (
        opened(server.url(database, user="developers")) as ledger,
        pytest.raises(LedgerError, match="permission denied for table meta") as caught,
        ledger.builder_lock(run("run-2"), wait=False),
    ):
        pass
    assert caught.value.code == "ledger_permission"


@pytest.mark.usefixtures("roles")
def test_a_builder_without_the_right_to_delete_is_refused_only_when_something_is_old(
    server: Server, database: str
) -> None:
    revoked = "REVOKE DELETE ON org, event, run FROM builders"
    server.sql(revoked, database=database)
    with opened(server.url(database, user="builders")) as ledger:
        ledger.prune(None)
        gone = bring(ledger, Org("a@acme.example", "morning"), [State.FAILED, State.DELETED])
        with pytest.raises(LedgerError, match="permission denied for table org") as caught:
            ledger.prune(timedelta(0))
        assert ledger.orgs(states=State) == [gone]
    assert caught.value.code == "ledger_permission"


def test_a_server_that_is_down_ends_a_claim_with_9_and_what_to_do(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_session, "RETRY_SECONDS", 0.1)
    url = f"postgresql:///pools?host={tmp_path}&user=ann&password=hunter2"
    write_pool_file(tmp_path, url)
    code, document, err = call("claim", "--owner", "ann")
    assert code == 9
    assert document["error"]["code"] == "ledger_unreachable"
    assert "pg_isready" in document["error"]["hint"]
    assert "hunter2" not in json.dumps(document) + err

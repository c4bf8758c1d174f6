"""A ledger with a few orgs, and the command line on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import run
from provisioner.ledger import open_ledger
from provisioner.ledger.base import Ledger, Org, State
from provisioner.ledger.rows import utc_now

POOL_YAML = """\
dev_hub:
  username: hub@acme.example
  consumer_key: 3MVG9.key
  private_key: server.key
  login_url: http://127.0.0.1:9
ledger: sqlite:///ledger.db
pools:
  morning: { size: 2, reuse: true, definitions: [a.json] }
  evening: { size: 1, definitions: [a.json] }
"""


ORG_KEYS = [
    "username",
    "pool",
    "state",
    "org_id",
    "instance_url",
    "login_url",
    "created_at",
    "expires_at",
    "definition",
    "fingerprint",
    "snapshot",
    "owner",
    "purpose",
    "team",
    "borrowed_from",
    "lease_until",
    "fence",
    "consumer_key",
    "users",
    "error",
]
"""The keys of an org in JSON, as scripts rely on them."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pool.yaml, where the command line runs as git user ann."""
    (tmp_path / "pool.yaml").write_text(POOL_YAML)
    (tmp_path / "server.key").touch(mode=0o600)
    (tmp_path / "gitconfig").write_text("[user]\n\temail = ann@acme.example\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of that pool.yaml."""
    with closing(open_ledger("sqlite:///ledger.db", folder)) as ledger:
        yield ledger


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error in the JSON on stdout."""
        return self.document["error"]


Call = Callable[..., Answer]


@pytest.fixture
def call(folder: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs the command line in that folder."""

    def call(*arguments: str) -> Answer:
        code = run(arguments)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def add(
    ledger: Ledger,
    name: str,
    *states: State,
    pool: str = "morning",
    life: timedelta = timedelta(days=2),
    **changes: Any,
) -> Org:
    """A row `<name>@acme.example`, moved through `states`: by default available."""
    org = Org(f"{name}@acme.example", pool, builder_id="run-1", run="run-1", created_at=utc_now())
    ledger.add(org)
    changes = {"expires_at": utc_now() + life, "proven_at": utc_now(), **changes}
    for state in states or (State.BUILDING, State.AVAILABLE):
        moved = ledger.move(org, state, **changes)
        assert moved is not None
        org = moved
    return org

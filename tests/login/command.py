"""`provisioner login` in a process of its own, and the files that it may find."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.ledger import open_ledger
from provisioner.ledger.base import Org, State
from tests.login.host import CONSUMER_KEY, USERNAME
from tests.proof.forked import Forked

ROOT = Path(__file__).parents[2]


@dataclass
class Done:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


class Run:
    """Runs `provisioner login …` in a folder that is also its home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, **environment: str) -> Done:
        with tempfile.TemporaryDirectory() as said:
            out, err = Path(said, "out"), Path(said, "err")
            process = Forked(
                ["login", *arguments],
                folder=self.folder,
                environment=self.environment(**environment),
                out=out,
                err=err,
            )
            done = Done(process.wait(), out.read_text(), err.read_text())
        assert "Traceback" not in done.err
        return done

    def environment(self, **more: str) -> dict[str, str]:
        """No program on PATH, nothing of the machine's own settings."""
        return {"PATH": "/nowhere", "HOME": str(self.folder), "PYTHONPATH": str(ROOT), **more}


def write_pool_file(folder: Path, url: str, key: str, more: str = "") -> None:
    """A pool.yaml of no more than a Dev Hub and a ledger."""
    (folder / "pool.yaml").write_text(
        f"""
dev_hub:
  username: hub@acme.example
  consumer_key: {CONSUMER_KEY}
  private_key: {key}
  login_url: {url}
ledger: sqlite:///ledger.db
{more}"""
    )


def record(folder: Path, url: str, state: State, consumer_key: str = CONSUMER_KEY) -> None:
    """A row of USERNAME in the ledger, led to `state` by legal moves."""
    ledger = open_ledger("sqlite:///ledger.db", folder)
    ledger.add(Org(username=USERNAME, pool="morning", consumer_key=consumer_key, login_url=url))
    path = [State.SIGNING_UP, State.BUILDING, State.AVAILABLE, State.RELEASED, State.DELETED]
    for step in path[: path.index(state) + 1] if state in path else []:
        org = ledger.get(USERNAME)
        assert org is not None
        assert ledger.move(org, step) is not None
    ledger.close()

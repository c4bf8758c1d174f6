"""A consumer on a bare machine: a key, a consumer key and the username of a Dev Hub user."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import run as run_command
from provisioner.ledger.base import State
from provisioner.ledger.devhub.build_lock import find
from tests.ledger.world import ROOT
from tests.salesforce.world import HUB_USER

from .hub import CONSUMER, LedgerHub

pytestmark = pytest.mark.slow

POOLS = """\
pools:
  morning: { size: 2, definitions: [def.json] }
"""


@pytest.fixture
def built(hub: LedgerHub, monkeypatch: pytest.MonkeyPatch) -> LedgerHub:
    """A Dev Hub whose pool was filled by a build that kept its ledger there."""
    monkeypatch.chdir(hub.directory)
    (hub.directory / "def.json").write_text('{"edition": "Developer", "orgName": "Acme"}')
    (hub.directory / "pool.yaml").write_text(hub.pool_yaml() + POOLS)
    assert run_command(["--quiet", "build", "--time-scale", "0.001"]) == 0
    return hub


class Machine:
    """A folder of its own with pool.yaml and key, an empty home, and no environment to speak of."""

    def __init__(self, hub: LedgerHub, folder: Path, username: str) -> None:
        self.folder = folder
        (folder / "home").mkdir(parents=True)
        (folder / "pool.yaml").write_text(hub.pool_yaml(username))
        (folder / "server.key").write_bytes((hub.directory / "server.key").read_bytes())
        (folder / "server.key").chmod(0o600)

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and JSON of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "provisioner", *arguments, "--json"],
            cwd=self.folder,
            env={"HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT), "PATH": "/nowhere"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)


def test_a_consumer_claims_and_logs_in_with_nothing_else(built: LedgerHub, tmp_path: Path) -> None:
    built.add_user()
    built.install(consumers=[CONSUMER])
    machine = Machine(built, tmp_path / "bare", CONSUMER)

    before = built.mark()
    code, org = machine.run("claim", "--owner", "ann", "--idempotency-key", "job-1")
    assert code == 0, org
    assert (org["state"], org["owner"], org["fence"]) == ("claimed", "ann", 1)
    assert built.requests(since=before) == [
        ("POST", "oauth.token"),
        ("POST", "composite"),  # the query for orgs and waiting claims
        ("POST", "composite"),
    ]
    code, again = machine.run("claim", "--owner", "ann", "--idempotency-key", "job-1")
    assert (code, again) == (0, org)

    code, session = machine.run("login", org["username"])
    assert (code, session["org_id"]) == (0, org["org_id"])
    assert session["access_token"].startswith(org["org_id"][:15])

    code, status = machine.run("status")
    assert code == 0
    assert [pool["claimed"] for pool in status["pools"]] == [1]
    code, released = machine.run("release", org["username"], "--owner", "ann")
    assert (code, released["state"]) == (0, "released")
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == [
        "home",
        "pool.yaml",
        "server.key",
    ]
    assert list((tmp_path / "bare" / "home").iterdir()) == []


def test_a_consumer_cannot_build_and_the_error_says_why(built: LedgerHub, tmp_path: Path) -> None:
    built.add_user()
    built.install(consumers=[CONSUMER])
    machine = Machine(built, tmp_path / "bare", CONSUMER)
    (machine.folder / "pool.yaml").write_text(built.pool_yaml(CONSUMER) + POOLS)
    (machine.folder / "def.json").write_text('{"edition": "Developer"}')
    before = built.world.hub.store.rows("ScratchOrgInfo")
    code, document = machine.run("build")
    assert (code, document["error"]["code"]) == (2, "hub_permission")
    assert "lacks the permission set Provisioner_Builder" in document["error"]["message"]
    assert len(built.world.hub.store.rows("ScratchOrgInfo")) == len(before)


def test_none_left_is_exit_3_and_an_unknown_name_too(built: LedgerHub, tmp_path: Path) -> None:
    machine = Machine(built, tmp_path / "bare", HUB_USER)
    for _ in range(2):
        assert machine.run("claim", "--owner", "ann")[0] == 0
    code, document = machine.run("claim", "--owner", "ann")
    assert (code, document["error"]["code"]) == (3, "no_org_available")
    code, document = machine.run("login", "nobody@acme.example")
    assert (code, document["error"]["code"]) == (3, "unknown_username")


def test_a_build_killed_in_its_middle_is_taken_over_on_the_same_machine(
    hub: LedgerHub, tmp_path: Path
) -> None:
    machine = Machine(hub, tmp_path / "builder", HUB_USER)
    (machine.folder / "pool.yaml").write_text(hub.pool_yaml() + POOLS)
    (machine.folder / "def.json").write_text('{"edition": "Developer", "orgName": "Acme"}')
    hub.emulated.fault({"route": "sobjects.create", "org": "hub"}, {"do": "hold", "at": "after"})
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "--quiet", "build", "--time-scale", "0.001"],
        cwd=machine.folder,
        env={"HOME": str(machine.folder / "home"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert hub.world.holds.current(wait=60)
    process.kill()
    process.wait(timeout=60)
    hub.world.holds.release()
    assert find(hub.open().session) is not None

    code, document = machine.run("build", "--time-scale", "0.001")
    assert (code, document["wanted"], document["built"] <= 2) == (0, 2, True), document
    ledger = hub.open()
    assert len(ledger.orgs(states=[State.AVAILABLE])) == 2
    assert len(hub.world.hub.store.rows("ScratchOrgInfo")) == 2
    assert find(ledger.session) is None

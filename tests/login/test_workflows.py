"""The GitHub Actions recipes of docs/login.md: their steps run in bash, in order."""

from __future__ import annotations

import copy
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.builder.connections import Connections
from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from provisioner.ledger.base import State
from provisioner.ledger.devhub.install import install
from tests.builder.night import Night
from tests.login import machine
from tests.login.command import ROOT
from tests.login.host import CONSUMER_KEY, USERNAME
from tests.login.page import snippet
from tests.login.workflow import Runner, Workflow, parse

pytestmark = pytest.mark.slow

SECTION = "GitHub Actions"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine with `provisioner`, and with stand-ins for the clients that are installed."""
    path = machine.path_with_commands(tmp_path)
    return {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def make_runner(tmp_path: Path, environ: dict[str, str]) -> Callable[..., Runner]:
    """A runner in a workspace, for what the contexts hold."""

    def make(workspace: Path | None = None, **contexts: Any) -> Runner:
        temp = tmp_path / f"runner-temp-{len(list(tmp_path.glob('runner-temp-*')))}"
        temp.mkdir()
        workspace = workspace or tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        return Runner(workspace, temp, environ, contexts)

    return make


@pytest.fixture
def cli_workflow() -> Workflow:
    return parse(snippet(SECTION, "yaml", 0))


def test_the_cli_recipe_logs_in_and_leaves_no_key_behind(
    cli_workflow: Workflow,
    make_runner: Callable[..., Runner],
    emulator: EmulatorServer,
    org: EmulatedOrg,
    key_file: Path,
) -> None:
    runner = make_runner(
        secrets={"SF_PRIVATE_KEY": key_file.read_text()},
        vars={"SF_CONSUMER_KEY": CONSUMER_KEY},
        inputs={"username": USERNAME, "login_url": emulator.url},
    )
    ran = runner.run(cli_workflow)
    assert [(step.name, step.code) for step in ran][1:] == [
        ("Log in with only the certificate", 0),
        ("sf apex run test --wait 30", 0),
        ('rm -f "$RUNNER_TEMP/server.key"', 0),
    ]
    assert org.id in ran[1].output
    login, tests = machine.calls(runner.workspace)
    assert login["mode"] == stat.S_IRUSR | stat.S_IWUSR
    assert login["arguments"][-1] == "--set-default"
    assert tests["arguments"] == ["apex", "run", "test", "--wait", "30"]
    assert not (runner.temp / "server.key").exists()
    assert machine.installed(runner.workspace.parent) == ["npm install --global @salesforce/cli"]


def test_a_refused_login_ends_the_job_and_leaves_no_key_behind(
    cli_workflow: Workflow,
    make_runner: Callable[..., Runner],
    emulator: EmulatorServer,
    org: EmulatedOrg,
) -> None:
    runner = make_runner(
        secrets={"SF_PRIVATE_KEY": make_key_pair().private_key},
        vars={"SF_CONSUMER_KEY": CONSUMER_KEY},
        inputs={"username": USERNAME, "login_url": emulator.url},
    )
    _, login, removal = runner.run(cli_workflow)
    assert login.code == 5
    assert "invalid assertion" in login.output
    assert removal.code == 0
    assert not (runner.temp / "server.key").exists()


def test_without_an_address_the_public_host_is_asked(cli_workflow: Workflow) -> None:
    given = cli_workflow["on"]["workflow_dispatch"]["inputs"]["login_url"]["default"]
    assert given == "https://test.salesforce.com"


@pytest.fixture(scope="module")
def key_pair() -> KeyPair:
    return make_key_pair()


@pytest.fixture
def night(tmp_path: Path, key_pair: KeyPair) -> Iterator[Night]:
    """A repository with a pool of two, built; the Dev Hub itself is the ledger."""
    world = World(certificate=key_pair.certificate, latencies=Latencies(2000))
    with EmulatorServer(world) as server:
        folder = tmp_path / "workspace"
        folder.mkdir()
        night = Night(folder, server, "")
        night.environ = {
            "SF_HUB_USERNAME": DEFAULT_HUB_USERNAME,
            "SF_CONSUMER_KEY": DEFAULT_CONSUMER_KEY,
            "SF_PRIVATE_KEY": key_pair.private_key,
        }
        (folder / "pool.yaml").write_text(
            "dev_hub:\n  username: ${SF_HUB_USERNAME}\n  consumer_key: ${SF_CONSUMER_KEY}\n"
            f"  private_key: ${{SF_PRIVATE_KEY}}\n  login_url: {server.url}\nledger: devhub\n"
            "pools:\n  morning:\n    size: 2\n    duration_days: 2\n"
            "    definitions: [config/project-scratch-def.json]\n"
        )
        with Connections(night.config(), time_scale=0.0) as connections:
            builders, hub = [DEFAULT_HUB_USERNAME], connections.hub.client
            install(hub, builders=builders, consumers=[], say=lambda _text: None, time_scale=0.0)
        assert len(night.build(pools=["morning"]).built) == 2
        yield night


@pytest.fixture
def claiming(
    night: Night, key_pair: KeyPair, make_runner: Callable[..., Runner]
) -> Callable[[], Runner]:
    """A runner of the repository, new for each start of the job."""
    if shutil.which("jq") is None:
        pytest.skip("no jq here, which GitHub's runners have and the recipe calls")
    (night.folder / "tests").mkdir()
    (night.folder / "tests/in_org.py").write_text(
        "import os\nprint(os.environ['SCRATCH_ORG_USERNAME'], 'SF_PRIVATE_KEY' in os.environ)\n"
    )
    variables = {
        "SF_HUB_USERNAME": DEFAULT_HUB_USERNAME,
        "SF_CONSUMER_KEY": DEFAULT_CONSUMER_KEY,
        "PROVISIONER": "./provisioner",
    }
    secrets = {"SF_PRIVATE_KEY": key_pair.private_key}
    return lambda: make_runner(night.folder, secrets=secrets, vars=variables)


def test_the_job_claims_an_org_uses_it_and_gives_it_back(
    night: Night, claiming: Callable[[], Runner]
) -> None:
    ran = claiming().run(parse(snippet(SECTION, "yaml", 1)))
    assert [step.code for step in ran] == [0, 0, 0, 0], ran
    assert machine.installed(night.folder.parent) == ["pip install ./provisioner"]
    (released,) = night.orgs(State.DELETED)
    assert ran[2].output == f"{released.username} False\n"
    assert released.owner == "acme/shop"
    assert len(night.orgs(State.AVAILABLE)) == 1


def test_a_job_that_was_killed_gets_the_same_org_when_it_is_started_again(
    night: Night, claiming: Callable[[], Runner]
) -> None:
    workflow = parse(snippet(SECTION, "yaml", 1))
    interrupted = copy.deepcopy(workflow)
    del interrupted["jobs"]["test"]["steps"][3:]
    assert [step.code for step in claiming().run(interrupted)] == [0, 0]
    (held,) = night.orgs(State.CLAIMED)
    assert held.lease_until is not None
    ran = claiming().run(workflow)
    assert ran[2].output == f"{held.username} False\n"
    assert [org.username for org in night.orgs(State.DELETED)] == [held.username]


def test_a_failure_within_the_org_gives_it_back_all_the_same(
    night: Night, claiming: Callable[[], Runner]
) -> None:
    runner = claiming()
    (night.folder / "tests/in_org.py").write_text("raise SystemExit(9)\n")
    ran = runner.run(parse(snippet(SECTION, "yaml", 1)))
    assert [step.code for step in ran] == [0, 0, 9, 0]
    assert len(night.orgs(State.DELETED)) == 1


def test_a_job_that_got_no_org_gives_none_back(
    night: Night, claiming: Callable[[], Runner]
) -> None:
    workflow = parse(snippet(SECTION, "yaml", 1))
    claim = workflow["jobs"]["test"]["steps"][2]
    claim["run"] = claim["run"].replace("--pool morning", "--pool evening")
    ran = claiming().run(workflow)
    assert [step.code for step in ran] == [0, 2]
    assert len(night.orgs(State.AVAILABLE)) == 2

"""The GitHub action claims an org, logs in to it, and releases it when the job ends."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_HUB_USERNAME, World
from provisioner.ledger import open_ledger
from provisioner.ledger.base import State
from tests.action.runner import ActionRun
from tests.builder.night import Night
from tests.login import machine
from tests.login.action_metadata import ACTION, metadata
from tests.login.command import ROOT
from tests.login.page import code_blocks
from tests.login.workflow import Runner, parse
from tests.login.workflow_syntax import problems

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="no node here, which runners have"),
]

Use = Callable[..., ActionRun]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A repository with a pool of one org; its key is in the input, not in the environment."""
    keys = make_key_pair()
    world = World(certificate=keys.certificate, latencies=Latencies(2000))
    with EmulatorServer(world) as server:
        night = Night(tmp_path_factory.mktemp("workspace"), server, keys.private_key)
        night.write_pool(size=1, steps="")
        text = (night.folder / "pool.yaml").read_text().replace("  sample:", "  morning:")
        (night.folder / "pool.yaml").write_text(text.replace("${KEY}", "${SF_PRIVATE_KEY}"))
        (night.folder / "tests").mkdir()
        (night.folder / "tests/in_org.py").write_text("raise SystemExit(9)\n")
        night.environ = {"SF_PRIVATE_KEY": keys.private_key}
        yield night


@pytest.fixture
def full(night: Night) -> Night:
    """The pool has its org."""
    if not night.orgs(State.AVAILABLE):
        assert night.build(pools=["morning"]).built
    return night


@pytest.fixture
def use(night: Night, tmp_path: Path) -> Use:
    """A step that uses the action, on a machine with provisioner."""

    commands = machine.path_with_commands(tmp_path)

    def make(path: str = "", **inputs: str) -> ActionRun:
        environ = {"PATH": f"{path}{commands}"}
        environ |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        given = {"private-key": night.environ["SF_PRIVATE_KEY"], "install": "none", "wait": "0s"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        return ActionRun(night.folder, tmp_path, environ, given)

    return make


def states(night: Night, username: str) -> State:
    return next(org.state for org in night.orgs(*State) if org.username == username)


def test_the_job_gets_an_org_and_releases_it(full: Night, use: Use) -> None:
    step = use(pool="morning", lease="30m")
    assert step.run("main") == 0, (step.annotations, step.log)
    (org,) = full.orgs(State.CLAIMED)
    assert (org.owner, org.purpose) == (
        "acme/shop",
        "https://github.com/acme/shop/actions/runs/1658821493",
    )
    assert step.outputs == {
        "username": org.username,
        "org-id": org.org_id,
        "instance-url": org.instance_url,
        "login-url": org.login_url,
        "expires-at": step.outputs["expires-at"],
    }
    assert step.log == f"Claimed {org.username} for acme/shop: {org.instance_url}\n"
    assert step.run("post") == 0
    assert step.log.endswith(f"\nReleased {org.username}.\n")
    assert states(full, org.username) is State.DELETED
    assert step.annotations == []


def test_the_session_is_an_output_only_if_asked_and_is_masked(full: Night, use: Use) -> None:
    step = use(access_token="true", release="false")
    assert step.run("main") == 0, (step.annotations, step.log)
    token = step.outputs["access-token"]
    key = full.environ["SF_PRIVATE_KEY"].strip().splitlines()[1:-1]
    assert step.masked == [*key, token]
    assert token not in step.log + str(step.state)
    assert key[0] not in step.log + str(step.state) + str(step.outputs)
    assert step.run("post") == 0
    username = step.outputs["username"]
    assert step.log.endswith(f"{username} stays claimed until its lease ends (release: false).\n")
    assert states(full, username) is State.CLAIMED


KILLED = """\
#!/bin/sh
# provisioner, after whose claim the step is killed.
python -m provisioner "$@"
case "$*" in *" claim "*) kill -9 $PPID ;; esac
"""


def test_a_step_that_is_killed_after_the_claim_loses_no_org(
    full: Night, use: Use, tmp_path: Path
) -> None:
    (tmp_path / "killing").mkdir()
    (tmp_path / "killing/provisioner").write_text(KILLED)
    (tmp_path / "killing/provisioner").chmod(0o755)
    step = use(path=f"{tmp_path}/killing:")
    (org,) = full.orgs(State.AVAILABLE)
    assert step.run("main") == -signal.SIGKILL
    assert states(full, org.username) is State.CLAIMED
    assert step.outputs == {}
    assert step.run("post") == 0
    assert states(full, org.username) is State.DELETED


def test_without_an_available_org_the_step_fails_with_the_reason(night: Night, use: Use) -> None:
    step = use(pool="morning")
    assert step.run("main") == 3
    ((kind, message),) = step.annotations
    assert kind == "error"
    assert message.startswith("no scratch org is available in the pool morning")
    assert "\ncreate orgs: provisioner build morning" in message
    assert step.run("post") == 0
    assert step.log == "No org was claimed, so none is released.\n"


def test_a_job_that_is_cancelled_while_it_waits_leaves_the_queue(night: Night, use: Use) -> None:
    step = use(wait="10m")
    process = step.start("main")
    config = night.config()
    ledger = open_ledger(config.ledger, config.directory)
    while not ledger.waiters():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)  # what a runner sends first
    assert step.finish(process) == 130
    assert ledger.waiters() == []
    ledger.close()
    assert step.annotations == [("error", "interrupted")]


def test_the_salesforce_cli_is_logged_in_if_asked(full: Night, use: Use, tmp_path: Path) -> None:
    (tmp_path / "server.key").write_text(full.environ["SF_PRIVATE_KEY"])
    step = use(sf="true", alias="mine", private_key=str(tmp_path / "server.key"))
    assert step.run("main") == 0, (step.annotations, step.log)
    (call,) = [
        each["arguments"] for each in machine.calls(full.folder) if "jwt" in each["arguments"]
    ]
    assert call[:3] == ["org", "login", "jwt"]
    assert call[call.index("--username") + 1] == step.outputs["username"]
    assert call[call.index("--alias") + 1] == "mine"
    assert "--set-default" in call
    assert step.run("post") == 0
    assert states(full, step.outputs["username"]) is State.DELETED


def test_an_org_that_cannot_be_released_is_a_warning(full: Night, use: Use) -> None:
    step = use(owner="ann")
    assert step.run("main") == 0
    step.inputs = {**step.inputs, "owner": "bob"}
    assert step.run("post") == 0
    ((kind, message),) = step.annotations
    username = step.outputs["username"]
    assert kind == "warning"
    assert message.startswith(f"{username} was not released, and is deleted after its lease: ")
    assert "ann" in message
    assert states(full, username) is State.CLAIMED


def test_the_workflow_of_the_page_releases_the_org_of_a_job_that_failed(
    full: Night, use: Use, tmp_path: Path
) -> None:
    page = (ROOT / "docs/github-action.md").read_text(encoding="utf-8")
    workflow = parse(code_blocks(page, "yaml")[0])
    assert problems(workflow) == []
    (org,) = full.orgs(State.AVAILABLE)
    runner = Runner(
        full.folder,
        tmp_path,
        use().environ,
        {
            "vars": {"SF_HUB_USERNAME": DEFAULT_HUB_USERNAME, "SF_CONSUMER_KEY": "3MVG9.key"},
            "secrets": {"SF_PRIVATE_KEY": full.environ["SF_PRIVATE_KEY"]},
        },
        lambda inputs: use(**{**inputs, "install": "none"}),
    )
    ran = runner.run(workflow)
    assert [(step.name, step.code) for step in ran] == [
        ("Claim an org", 0),
        ("Use the org", 9),
        ("Post Claim an org", 0),
    ], ran
    assert states(full, org.username) is State.DELETED


PYTHON = """\
#!/bin/sh
# python3, which notes its arguments, makes environments of itself, and installs nothing.
echo "$*${SF_PRIVATE_KEY:+ with the key}" >> "$HOME/pythons"
case "$*" in "-m venv "*)
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  printf '#!/bin/sh\\necho "{}"; exit 3\\n' > "$3/bin/provisioner"
  chmod +x "$3/bin/provisioner" ;;
esac
"""


@pytest.mark.parametrize("wanted", ["", "provisioner @ https://acme.example/provisioner.whl"])
def test_provisioner_is_installed_from_the_action_or_as_asked(
    wanted: str, use: Use, tmp_path: Path
) -> None:
    (tmp_path / "bin/python3").write_text(PYTHON)
    (tmp_path / "bin/python3").chmod(0o755)
    step = use(install=wanted)
    assert step.run("main") == 3  # of the program that stands in for provisioner
    folder = tmp_path / "provisioner"
    _, environment, *installs = (tmp_path / "pythons").read_text().splitlines()
    assert environment == f"-m venv {folder}"
    pip = "-m pip install --quiet --disable-pip-version-check"
    ours = [f"--require-hashes --requirement {ROOT}/requirements.lock", f"--no-deps {ROOT}"]
    assert installs == [f"{pip} {what}" for what in ([wanted] if wanted else ours)]
    assert (tmp_path / "GITHUB_PATH").read_text() == f"{folder}/bin\n"
    assert step.state["program"] == f"{folder}/bin/provisioner"
    assert step.annotations[-1] == ("error", "provisioner claim ended with exit code 3")


@pytest.mark.parametrize("name", ["sf", "access-token", "release"])
def test_a_wrong_truth_value_is_refused_before_anything_is_done(name: str, use: Use) -> None:
    step = use(**{name: "yes"})
    assert step.run("main") == 1
    assert step.annotations == [("error", f'the input {name} is "yes"; write true or false')]


def test_the_metadata_declares_what_the_scripts_use() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in ACTION.glob("*.js"))
    read = set(re.findall(r'(?:input|isTrue)\("([\w-]+)"\)', scripts))
    read |= set(re.findall(r'"([\w-]+)"', scripts.partition("const names = [")[2].split("]")[0]))
    read |= set(re.findall(r'SF_\w+: "([\w-]+)"', scripts))
    assert read == set(metadata()["inputs"])
    assert set(re.findall(r'setOutput\("([\w-]+)"', scripts)) == set(metadata()["outputs"])
    runs = metadata()["runs"]
    assert (runs["using"], runs["post-if"]) == ("node24", "always()")

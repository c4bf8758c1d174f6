"""docs/scheduling.md is correct: its recipes run, and report a build that fails."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.limits import Limits
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from tests.builder.night import Night
from tests.login import machine
from tests.login.command import ROOT
from tests.login.scheduling_page import at, recipes, unit
from tests.login.workflow import Runner, parse
from tests.login.workflow_syntax import problems

pytestmark = pytest.mark.slow

MAIL = '#!/bin/sh\n{ printf "%s\\n" "$@"; cat; } >> "$MAILS"\n'
FULL, LIMIT = 0, 4
"""Exit codes of the builds: no org is missing; the Dev Hub allows no further org."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A pool of one org on a Dev Hub that allows no more; a pool of two exceeds its limit."""
    keys = make_key_pair()
    limits = Limits(active=1, daily=80)
    world = World(certificate=keys.certificate, latencies=Latencies(2000), limits=limits)
    with EmulatorServer(world) as server:
        folder = tmp_path_factory.mktemp("pools")
        night = Night(folder, server, keys.private_key)
        (folder / "server.key").write_text(keys.private_key)
        (folder / "server.key").chmod(0o600)
        write_pool(night, size=1)
        night.environ = {"SF_PRIVATE_KEY": str(folder / "server.key")}
        assert len(night.build().built) == 1
        yield night


def write_pool(night: Night, size: int) -> None:
    night.write_pool(size=size, steps="")
    text = (night.folder / "pool.yaml").read_text()
    (night.folder / "pool.yaml").write_text(text.replace("${KEY}", "${SF_PRIVATE_KEY}"))


@pytest.fixture
def failing(night: Night) -> Iterator[Night]:
    """The build that a recipe calls fails with LIMIT; without this fixture it finds a full pool."""
    write_pool(night, size=2)
    yield night
    write_pool(night, size=1)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Programs on PATH: ours, and a `mail` that keeps what it gets."""
    machine.path_with_commands(tmp_path)
    (tmp_path / "bin/mail").write_text(MAIL)
    (tmp_path / "bin/mail").chmod(0o755)
    return tmp_path / "bin"


@pytest.fixture
def environ(commands: Path, tmp_path: Path) -> dict[str, str]:
    """What a scheduler gives: little."""
    mails = {"MAILS": str(tmp_path / "mails"), "PYTHONPATH": str(ROOT)}
    return {"PATH": f"{commands}:/usr/bin:/bin", "HOME": str(tmp_path), **mails}


def variables(night: Night, commands: Path) -> str:
    """`provisioner.env` of the page."""
    text = at(recipes("sh")[0], night.folder, commands)
    return text.replace("3MVG9...", DEFAULT_CONSUMER_KEY)


def mails(environ: dict[str, str]) -> str:
    file = Path(environ["MAILS"])
    return file.read_text() if file.exists() else ""


def run(script: str, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_cron_sends_a_mail_with_the_reasons_if_the_build_fails(
    failing: Night, commands: Path, environ: dict[str, str]
) -> None:
    done = run_script(failing, commands, environ)
    assert done.stdout == ""  # cron mails what a command prints
    option, subject, receiver, *body = mails(environ).splitlines()
    assert (option, receiver) == ("-s", "team@acme.example")
    assert subject == "Scratch org pools: build failed with exit code 4"
    assert [line for line in body if line.startswith("error: ")], body
    assert [line for line in body if re.match("run .* started ", line)], body  # of the report


def test_cron_sends_no_mail_if_the_build_succeeds(
    night: Night, commands: Path, environ: dict[str, str]
) -> None:
    done = run_script(night, commands, environ)
    assert (done.returncode, done.stdout, mails(environ)) == (FULL, "", "")


def run_script(
    night: Night, commands: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The script that cron calls, in the folder and environment of cron."""
    (night.folder / "provisioner.env").write_text(variables(night, commands))
    script = at(recipes("sh")[1], night.folder, commands)
    assert script.startswith("#!/bin/sh\n")
    return run(script, environ, Path("/"))


def test_cron_itself_mails_that_the_script_could_not_start(
    night: Night, commands: Path, environ: dict[str, str]
) -> None:
    (night.folder / "provisioner.env").unlink(missing_ok=True)
    done = run(at(recipes("sh")[1], night.folder, commands), environ, Path("/"))
    assert done.returncode != 0
    assert "provisioner.env" in done.stdout
    assert mails(environ) == ""
    (line,) = recipes("crontab")
    assert re.fullmatch(r"MAILTO=\S+\n(\d+) (\d+) \* \* \* /srv/pools/nightly\n", line)


def test_systemd_takes_the_units(night: Night, commands: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    names = ["provisioner.service", "provisioner.timer", "provisioner-failed.service"]
    for name, text in zip(names, recipes("ini"), strict=True):
        (tmp_path / name).write_text(at(text, night.folder, commands).replace("=pools", "=root"))
    paths = [str(tmp_path / name) for name in names]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "/" not in line]
    assert (done.returncode, ours) == (0, [])


def test_systemd_starts_the_build_and_limits_its_time(
    failing: Night, commands: Path, environ: dict[str, str]
) -> None:
    service = unit(0)["Service"]
    assert (service["Type"], service["RuntimeMaxSec"]) == ("exec", "4h")
    assert unit(0)["Unit"]["OnFailure"] == "provisioner-failed.service"
    assert unit(1)["Timer"]["Persistent"] == "true"
    given = dict(line.split("=", 1) for line in variables(failing, commands).splitlines())
    command = at(service["ExecStart"], failing.folder, commands)
    done = run(command, {**environ, **given}, failing.folder)
    assert done.returncode == LIMIT, done.stdout


def test_systemd_mails_the_log_of_the_build_that_failed(
    commands: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    (commands / "journalctl").write_text('#!/bin/sh\necho "log of $*"\n')
    (commands / "journalctl").chmod(0o755)
    given = {"MONITOR_INVOCATION_ID": "5f0c", "MONITOR_EXIT_STATUS": "4"}
    command = unit(2)["Service"]["ExecStart"].replace("$$", "$")  # as systemd passes it on
    assert run(command, {**environ, **given}, tmp_path).returncode == 0
    subject, _, log = mails(environ).splitlines()[1:]
    assert subject == "Scratch org pools: build failed with exit code 4"
    assert log == "log of --output cat _SYSTEMD_INVOCATION_ID=5f0c"


def test_the_workflow_builds_and_writes_the_summary(
    night: Night, environ: dict[str, str], tmp_path: Path
) -> None:
    workflow = parse(recipes("yaml")[0])
    assert problems(workflow) == []
    contexts = {
        "vars": {
            "SF_HUB_USERNAME": DEFAULT_HUB_USERNAME,
            "SF_CONSUMER_KEY": DEFAULT_CONSUMER_KEY,
            "PROVISIONER": "./provisioner",
        },
        "secrets": {"SF_PRIVATE_KEY": Path(night.environ["SF_PRIVATE_KEY"]).read_text()},
    }
    summary = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    ran = Runner(night.folder, tmp_path, {**environ, **summary}, contexts).run(workflow)
    assert [step.code for step in ran] == [0, FULL, 0], ran
    assert "sample" in (tmp_path / "summary.md").read_text()


def test_the_gitlab_job_fails_with_the_build_and_keeps_the_report(
    failing: Night, environ: dict[str, str]
) -> None:
    (job,) = parse(recipes("yaml")[1]).values()
    # a runner executes the lines as one script that stops at an error
    script = "\n".join(["set -e", *job["script"]])
    done = run(script, {**environ, **predefined(failing)}, failing.folder)
    assert done.returncode == LIMIT, done.stdout
    for name in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        (failing.folder / name).unlink()


def test_the_jenkins_pipeline_fails_with_the_build_and_then_writes_the_report(
    failing: Night, commands: Path, environ: dict[str, str]
) -> None:
    (pipeline,) = recipes("groovy")
    build, report = re.findall(r"sh '''(.*?)'''|sh '(.*?)'", pipeline, re.DOTALL)
    (failing.folder / ".venv").mkdir(exist_ok=True)
    if not (failing.folder / ".venv/bin").exists():
        (failing.folder / ".venv/bin").symlink_to(commands)
    (commands / "python3").write_text("#!/bin/sh\n")  # `-m venv` makes what is there already
    (commands / "python3").chmod(0o755)
    given = {**environ, **predefined(failing)}
    done = run(f"set -e\n{''.join(build)}", given, failing.folder)  # Jenkins calls sh -xe
    assert done.returncode == LIMIT, done.stdout
    assert run("".join(report), given, failing.folder).returncode == 0
    for name in re.findall(r"(?:artifacts|testResults): '(.*?)'", pipeline):
        (failing.folder / name).unlink()
    (failing.folder / ".venv/bin").unlink()


def predefined(night: Night) -> dict[str, Any]:
    """The variables of a CI system."""
    hub = {"SF_HUB_USERNAME": DEFAULT_HUB_USERNAME, "SF_CONSUMER_KEY": DEFAULT_CONSUMER_KEY}
    return {**hub, "PROVISIONER": "./provisioner", **night.environ}

"""docs/examples/Dockerfile copies what it needs, and a build runs as it does in a container of it.

The tests have no Docker: `unshare` gives the build a read-only root and makes it process 1.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.emulator.keys import make_key_pair
from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.ledger.base import State
from tests.builder.night import TIME_SCALE, Night
from tests.examples.files import text
from tests.login.command import ROOT

pytestmark = pytest.mark.slow

READ_ONLY = """\
mount --make-rprivate /
mount --bind .provisioner .provisioner
mount -t tmpfs temporary "$TMPDIR"
mount -o remount,bind,ro /
touch may-not-be-written 2>/dev/null && exit 99
exec "$@"
"""
"""Makes all files read-only but the two volumes of docs/examples/kubernetes/morning.yaml."""
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def test_the_files_that_the_image_needs_reach_docker() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", text("Dockerfile"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored.index("*") < min(map(ignored.index, (line for line in ignored if "!" in line)))
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == names
    links = [path for path in (ROOT / "provisioner").rglob("*") if path.is_symlink()]
    assert {str(path.resolve().relative_to(ROOT)) for path in links} <= names


def test_the_image_runs_as_no_one_and_without_a_shell() -> None:
    final = text("Dockerfile").rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):\1$", final, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["tini", "--", "provisioner"\]$', final, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in text("Dockerfile")


@pytest.fixture
def night(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Night]:
    """A pool of two orgs on a Dev Hub of the speed that the test asks for."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare may not make namespaces here")
    keys = make_key_pair()
    world = World(certificate=keys.certificate, latencies=Latencies(request.param))
    with EmulatorServer(world) as server:
        yield Night(tmp_path, server, keys.private_key)


def start(night: Night) -> subprocess.Popen[str]:
    for name in (".provisioner", "temporary"):
        (night.folder / name).mkdir()
    build = [sys.executable, "-m", "provisioner", "build", "--log-format", "events"]
    return subprocess.Popen(
        [*UNSHARE, "sh", "-c", READ_ONLY, "sh", *build, "--time-scale", str(TIME_SCALE)],
        cwd=night.folder,
        env={**os.environ, **night.environ, "TMPDIR": str(night.folder / "temporary")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("night", [500], indirect=True)
def test_a_build_writes_only_its_state_and_temporary_files(night: Night) -> None:
    _, log = start(night).communicate()
    assert [org.state for org in night.orgs()] == [State.AVAILABLE, State.AVAILABLE], log


@pytest.mark.parametrize("night", [1], indirect=True)
def test_a_build_that_is_process_1_saves_its_state_on_sigterm(night: Night) -> None:
    with start(night) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "@" in line)  # a sign-up has been sent
        (build,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(build), signal.SIGTERM)
        log = process.stderr.read()
    assert process.returncode == 130, log
    assert "interrupted; unfinished orgs are recorded in the ledger" in log
    saved = {org.state for org in night.orgs()}
    assert State.SIGNING_UP in saved
    assert saved <= {State.INTENDED, State.SIGNING_UP}

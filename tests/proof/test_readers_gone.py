"""No command ends in a traceback when nobody reads what it says any more, or ever has."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from provisioner.cli.table import COMMANDS
from tests.proof import here
from tests.proof.processes import TIME_SCALE, Ended, environment, run
from tests.proof.whole_night import WholeNight

CALLS: dict[str, list[str]] = {
    "init": ["init", "new"],
    "check": ["check", "--online"],
    "plan": ["plan"],
    "build": ["build", "--time-scale", TIME_SCALE],
    "status": ["status"],
    "claim": ["claim", "--owner", "ann"],
    "renew": ["renew", "nobody@acme.example", "--owner", "ann"],
    "release": ["release", "nobody@acme.example", "--owner", "ann"],
    "login": ["login", "USERNAME"],
    "reap": ["reap"],
    "report": ["report"],
    "retry": ["retry", "nobody@acme.example"],
    "rehearse": ["rehearse", "--speed", "1000", "--time-scale", TIME_SCALE],
    "emulator": ["emulator", "--limits", "nonsense"],
    "ledger": ["ledger", "copy", "sqlite:///nowhere.db", "sqlite:///new.db"],
    "hub": ["hub", "unlock"],
    "source": ["source", "convert", ".", "--out", "out.zip"],
    "schema": ["schema"],
    "mcp": ["mcp"],
    "serve": ["serve", "--port", "nonsense"],
    "completion": ["completion", "bash"],
}
"""Each command, so that it has something to say."""

GONE = 141
PIPE = "import os\nread, write = os.pipe()\nos.close(read)\n"  # one without a reader
FORMS = {
    "result unread": f"{PIPE}os.dup2(write, 1)",
    "talk unread": f"{PIPE}os.dup2(write, 2)",
    "both unread": f"{PIPE}os.dup2(write, 1)\nos.dup2(write, 2)",
    "help unread": f"{PIPE}os.dup2(write, 1)",
    "closed": "",
}


def run_closed(night: WholeNight, command: list[str]) -> Ended:
    """Started without stdout and stderr, as Python itself must find it."""
    program = [sys.executable, "-m", "provisioner", *command]
    done = subprocess.run(
        ["bash", "-c", '"$@" >&- 2>&-', "bash", *program],
        cwd=night.folder,
        env=environment(night),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_every_command_is_called() -> None:
    assert set(CALLS) == {name for name in COMMANDS if name not in ("fake", "gone", "group")}


@pytest.mark.parametrize("form", FORMS)
def test_no_command_crashes_when_its_reader_is_gone(night: WholeNight, form: str) -> None:
    night.write_pool(size=1)
    assert here.build(night).code == 0
    (username,) = night.active()
    for name, words in CALLS.items():
        command = [username if word == "USERNAME" else word for word in words]
        command += ["--help"] if form == "help unread" else []
        for more in ([], ["--json"]) if form == "result unread" else ([],):
            if form == "closed":
                ended = run_closed(night, command)
            else:
                ended = run(night, *command, *more, before=FORMS[form])
            said = ended.out + ended.err
            assert ended.code in (0, 2, 3, 4, 6, 7, GONE), (name, ended.code, said)
            assert "Traceback" not in said, name
            assert "BrokenPipe" not in said, name
    crashes = [*night.folder.rglob("provisioner-*.txt")]
    assert crashes == []


def test_a_build_continues_when_the_terminal_of_its_live_view_is_gone(night: WholeNight) -> None:
    """As under `screen` or `setsid`, where no SIGHUP tells of it."""
    night.write_pool(size=1)
    night.fault({"route": "deploy.start"}, {"do": "hold"})
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "build", "--time-scale", TIME_SCALE],
        cwd=night.folder,
        env={**environment(night), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    assert night.world.holds.current(wait=60)
    os.close(ours)
    night.world.holds.release()
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert "1 of 1 available" in out
    assert [*night.folder.rglob("provisioner-*.txt")] == []

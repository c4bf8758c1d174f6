"""run_command: its environment, its output, how it ends, and that it never outlives the build."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.errors import ErrorKind, UsageError
from provisioner.steps.base import Done, Pending, StartAgain, StepFailed
from provisioner.steps.run_command import SHOWN_LINES, CommandStarted, RunCommand
from provisioner.supervised import MOST_OUTPUT, Supervised
from tests.salesforce.world import USERNAME
from tests.steps.project import SEED, write
from tests.steps.step_runner import StepRunner

LONG = "import time\nprint('started', flush=True)\ntime.sleep(600)\n"


def python(runner: StepRunner, code: str, *arguments: str, repeatable: bool = False) -> RunCommand:
    write(runner.directory / "seed.py", code)
    return RunCommand(command=(sys.executable, "seed.py", *arguments), repeatable=repeatable)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true; it fails after 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def pid_of(path: Path) -> int:
    until(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_a_command_works_in_the_org_of_its_session(runner: StepRunner) -> None:
    done = runner.finish(python(runner, SEED))
    (case,) = runner.org.query("SELECT Id, Subject FROM Case")
    assert case["Subject"] == "Made by the command"
    assert done.output == f"made {case['Id']} in {USERNAME}"
    assert done.note.startswith("ran ")


def test_what_the_command_gets(runner: StepRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session, the folder, no input; none of the secrets of this process."""
    monkeypatch.setenv("SF_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----")
    monkeypatch.setenv("BILLING_KEY", "secret-of-pool-yaml")
    monkeypatch.setenv("OWN", "kept")
    code = """\
import os, sys
names = ["SF_PRIVATE_KEY", "BILLING_KEY", "OWN", "SCRATCH_ORG_ID"]
print(*[os.environ.get(name) for name in names], sys.argv[1:], repr(sys.stdin.read()), os.getcwd())
print(os.getpgid(0) == os.getpgid(os.getppid()))
"""
    write(runner.directory / "seed.py", code)
    step = RunCommand(
        command=(sys.executable, "seed.py", "a b"), secret_variables=frozenset({"BILLING_KEY"})
    )
    org_id = runner.context().org_id
    assert runner.finish(step).output.splitlines() == [
        f"None None kept {org_id} ['a b'] '' {runner.directory}",
        "False",
    ]


def test_secrets_in_the_output_are_masked(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_KEY", "secret-of-pool-yaml")
    code = """\
import os
token = os.environ["SCRATCH_ORG_ACCESS_TOKEN"]
print(token, "and", "secret-of-" + "pool-yaml")
print("token=" + token)
"""
    write(runner.directory / "seed.py", code)
    step = RunCommand(
        command=(sys.executable, "seed.py"), secret_variables=frozenset({"BILLING_KEY"})
    )
    assert runner.finish(step).output == "*** and ***\ntoken=***"


def test_the_token_is_not_in_the_arguments(runner: StepRunner) -> None:
    code = "import os\nprint(open(f'/proc/{os.getppid()}/cmdline').read().count('00D'))"
    assert runner.finish(python(runner, code)).output == "0"


def test_a_command_that_fails_shows_its_last_lines(runner: StepRunner) -> None:
    code = "import sys\nfor n in range(100): print('line', n)\nsys.exit('no such account')"
    with pytest.raises(StepFailed, match=r"seed\.py exits with 1$") as caught:
        runner.finish(python(runner, code))
    assert caught.value.kind is ErrorKind.CONTENT
    assert len(caught.value.details) == SHOWN_LINES
    assert set(caught.value.details[-2:]) == {"line 99", "no such account"}


def test_a_command_that_is_killed_says_by_what(runner: StepRunner) -> None:
    code = "import os, signal\nos.kill(0 or os.getpid(), signal.SIGKILL)"
    with pytest.raises(StepFailed, match=r"seed\.py is ended by signal 9$"):
        runner.finish(python(runner, code))


def test_a_program_that_disappeared_is_named(runner: StepRunner) -> None:
    with pytest.raises(StepFailed, match="exits with 127") as caught:
        runner.finish(RunCommand(command=("./gone.sh",)))
    assert caught.value.details == ("./gone.sh cannot be started: No such file or directory",)


def test_much_output_is_bounded_and_blocks_nobody(runner: StepRunner) -> None:
    code = "for n in range(200_000): print('x' * 50, n)"
    done = runner.finish(python(runner, code))
    lines = done.output.splitlines()
    assert len(lines) == SHOWN_LINES
    assert lines[-1].endswith("x 199999")


def test_the_tail_of_the_output_starts_with_a_whole_line(tmp_path: Path) -> None:
    from provisioner.children import environment

    code = "for n in range(9_000): print('abcdefghi', n)"
    program = Supervised([sys.executable, "-c", code], environment(os.environ), tmp_path)
    until(lambda: program.exit_code() is not None)
    text = program.output()
    assert MOST_OUTPUT - 100 < len(text) <= MOST_OUTPUT
    assert text.startswith("abcdefghi ")


def test_a_poll_does_not_wait_for_the_command(runner: StepRunner) -> None:
    step = python(runner, LONG)
    started = time.monotonic()
    for _ in range(3):
        assert isinstance(runner.advance(step), Pending)
    assert time.monotonic() - started < 5
    assert runner.step_state == "started"
    runner.memory["command"].close()


PARENT = """\
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
open("parent", "w").write(str(os.getpid()))
time.sleep(600)
"""


def test_closing_a_command_ends_its_whole_group(runner: StepRunner) -> None:
    runner.advance(python(runner, PARENT))
    pids = [pid_of(runner.directory / name) for name in ("parent", "child")]
    assert all(map(lives, pids))
    runner.memory["command"].close()
    until(lambda: not any(map(lives, pids)))


def test_a_command_that_nobody_holds_any_more_is_ended(runner: StepRunner) -> None:
    runner.advance(python(runner, PARENT))
    pid = pid_of(runner.directory / "parent")
    runner.memory = {}
    gc.collect()
    until(lambda: not lives(pid))


def test_a_command_that_ignores_sigterm_is_killed(
    runner: StepRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PARENT
    runner.advance(python(runner, code))
    pid = pid_of(runner.directory / "parent")
    runner.memory["command"].close()
    until(lambda: not lives(pid))


def test_what_a_command_leaves_in_the_background_ends_with_it(runner: StepRunner) -> None:
    code = PARENT.rpartition("time")[0]
    runner.finish(python(runner, code))
    until(lambda: not lives(pid_of(runner.directory / "child")))


KILLED = """\
import os, sys, time
from pathlib import Path
from provisioner.children import environment
from provisioner.supervised import Supervised
held = Supervised([sys.executable, "parent.py"], environment(os.environ), Path.cwd())
time.sleep(600)
"""


def test_a_command_does_not_outlive_a_build_that_is_killed(tmp_path: Path) -> None:
    write(tmp_path / "parent.py", PARENT)
    build = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path)
    pids = [pid_of(tmp_path / name) for name in ("parent", "child")]
    build.send_signal(signal.SIGKILL)
    build.wait()
    until(lambda: not any(map(lives, pids)))


def test_a_command_of_a_killed_build_may_have_run_and_the_org_is_replaced(
    runner: StepRunner,
) -> None:
    step = python(runner, LONG)
    runner.advance(step)
    runner.memory["command"].close()
    runner.restart()
    with pytest.raises(StepFailed, match="it is unknown whether the command ran to its end") as got:
        runner.advance(step)
    assert got.value.kind is ErrorKind.REPLACE
    assert got.value.hint == "if it may run twice in an org, write repeatable: true"


def test_a_repeatable_command_of_a_killed_build_runs_again(runner: StepRunner) -> None:
    step = python(runner, SEED, repeatable=True)
    runner.advance(step)
    runner.restart()
    assert isinstance(runner.finish(step), Done)
    assert runner.count("Case") >= 1


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_state_that_nobody_can_read(repeatable: bool) -> None:
    step = RunCommand(command=("true",), repeatable=repeatable)
    assert step.read_state("started") == CommandStarted()
    assert step.read_state("again") == StartAgain()
    if repeatable:
        assert step.read_state("?") == StartAgain()
    else:
        with pytest.raises(StepFailed, match="state of the step in the ledger cannot be read"):
            step.read_state("?")


@pytest.mark.parametrize("program", ["no-such-program", "./seed.sh"])
def test_the_check_finds_no_program(program: str, tmp_path: Path) -> None:
    (tmp_path / "seed.sh").write_text("#!/bin/sh\n")  # it is not executable
    (found,) = RunCommand(command=(program,)).check(tmp_path)
    assert found.field == "command.0"
    assert found.message == f"command not found: {program!r}; check the name and PATH"


def test_the_check_accepts_a_program_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "seed.sh").write_text("#!/bin/sh\n")
    (tmp_path / "seed.sh").chmod(0o755)
    assert list(RunCommand(command=("./seed.sh", "x")).check(tmp_path)) == []


def test_a_secret_must_not_be_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_KEY", "secret-of-pool-yaml")
    command = ("sh", "--key=secret-of-pool-yaml")
    step = RunCommand(command=command, secret_variables=frozenset({"BILLING_KEY"}))
    (found,) = step.check(tmp_path)
    assert found.field == "command.1"
    assert "contains a secret, which other users of this machine can read" in found.message
    assert "secret-of-pool-yaml" not in found.message


def test_the_content_is_the_command_and_the_files_that_it_names(tmp_path: Path) -> None:
    def content(*command: str) -> list[bytes]:
        return list(RunCommand(command=command).inputs(tmp_path))

    write(tmp_path / "seed.py", "1")
    write(tmp_path / "data/a.csv", "2")
    first = content("python", "seed.py", "--data=data/a.csv")
    assert content("python", "seed.py", "--data=data/a.csv") == first
    assert content("python", "seed.py", "--data=data/a.csv", "-v") != first
    write(tmp_path / "data/a.csv", "3")
    second = content("python", "seed.py", "--data=data/a.csv")
    write(tmp_path / "seed.py", "4")
    third = content("python", "seed.py", "--data=data/a.csv")
    assert len({tuple(each) for each in (first, second, third)}) == 3
    assert len(content("python", "-c", "print()")) == 1


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: object) -> int:
        raise PermissionError(13, "Permission denied")

    write(tmp_path / "seed.py", "1")
    monkeypatch.setattr("provisioner.steps.run_command.open_input", refused)
    with pytest.raises(UsageError, match=r"seed\.py cannot be read: Permission denied"):
        list(RunCommand(command=("python", "seed.py")).inputs(tmp_path))

"""A login that is stopped while a program of its has the key or the link leaves no secret behind.

Real signals to real processes, at the moment the program runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from provisioner.ledger.base import State
from tests.login.command import Run, record, write_pool_file
from tests.login.conftest import Pem
from tests.login.host import OTP, USERNAME, LoginHost

pytestmark = pytest.mark.slow

PROGRAM = """#!/bin/sh
for argument in "$@"; do [ "$key" = --jwt-key-file ] && cat "$argument" > seen; key=$argument; done
for argument in "$@"; do case $argument in file://*) cat "${argument#file://}" > seen;; esac; done
echo $$ > pid.new && mv pid.new pid
while [ ! -e go-on ]; do sleep 0.05; done
"""
WITHOUT_MEMORY_FILES = "import os; del os.memfd_create; "


class Stopped:
    """`provisioner login` with a program that waits for a signal to continue."""

    def __init__(self, run: Run, host: LoginHost, pem: Pem) -> None:
        self.folder = run.folder
        self.temporary = run.folder / "temporary"
        self.temporary.mkdir()
        write_pool_file(run.folder, host.url, "${SF_PRIVATE_KEY}")
        record(run.folder, host.url, State.AVAILABLE)
        programs = run.folder / "programs"
        programs.mkdir()
        for name in ("sf", "firefox"):
            (programs / name).write_text(PROGRAM)
            (programs / name).chmod(0o755)
        self.environment = run.environment(
            PATH=f"{programs}:{os.defpath}",
            BROWSER="firefox %s",
            SF_PRIVATE_KEY=pem(),
            TMPDIR=str(self.temporary),
        )

    @contextmanager
    def login(
        self, option: str, before: str = "", ignoring: int = 0
    ) -> Iterator[subprocess.Popen[str]]:
        """The process, once its program runs; both are gone at the end."""
        code = f"{before}from provisioner.cli.main import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "login", USERNAME, option],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=(lambda: signal.signal(ignoring, signal.SIG_IGN)) if ignoring else None,
        )
        with process:
            while not (self.folder / "pid").exists():
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.01)
            try:
                yield process
            finally:
                (self.folder / "go-on").touch()
                process.kill()

    def is_program_running(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(int((self.folder / "pid").read_text()), 0)
            return True
        return False

    def files(self) -> dict[Path, bytes]:
        """What is left in the folder for temporary files."""
        return {path: path.read_bytes() for path in self.temporary.rglob("*") if path.is_file()}


@pytest.fixture
def stopped(run: Run, host: LoginHost, pem: Pem) -> Stopped:
    return Stopped(run, host, pem)


ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("before", ["", WITHOUT_MEMORY_FILES], ids=["in memory", "in a file"])
def test_a_signal_while_sf_has_the_key_leaves_neither_key_nor_sf(
    stopped: Stopped, number: int, before: str, pem: Pem
) -> None:
    with stopped.login("--sf", before) as process:
        assert (stopped.folder / "seen").read_text() == pem()
        assert bool(stopped.files()) is bool(before)
        process.send_signal(number)
        _, err = process.communicate()
        assert process.returncode == 130, err
        assert err.splitlines()[-1] == "error: interrupted"
        assert list(stopped.temporary.iterdir()) == []
        assert not stopped.is_program_running()


def test_kill_9_while_sf_has_the_key_leaves_no_file(stopped: Stopped, pem: Pem) -> None:
    with stopped.login("--sf") as process:
        assert (stopped.folder / "seen").read_text() == pem()
        process.kill()
        process.communicate()
        assert list(stopped.temporary.iterdir()) == []


def test_where_a_file_is_needed_for_the_key_only_its_owner_can_read_it(stopped: Stopped) -> None:
    with stopped.login("--sf", WITHOUT_MEMORY_FILES):
        (path,) = stopped.files()
        assert [place.stat().st_mode & 0o777 for place in (path, path.parent)] == [0o600, 0o700]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_while_the_browser_starts_leaves_no_page(stopped: Stopped, number: int) -> None:
    with stopped.login("--open") as process:
        assert "http://127.0.0.1:" in (stopped.folder / "seen").read_text()
        process.send_signal(number)
        assert process.wait() == 130
        assert list(stopped.temporary.iterdir()) == []


def test_kill_9_while_the_browser_starts_leaves_a_page_without_the_link(stopped: Stopped) -> None:
    with stopped.login("--open") as process:
        process.kill()
        process.wait()
        (page,) = stopped.files().values()
        assert OTP.encode() not in page
        assert b"frontdoor" not in page


def test_a_signal_that_was_to_be_ignored_is_ignored(stopped: Stopped) -> None:
    """`nohup provisioner …` continues when the terminal is closed."""
    with stopped.login("--sf", ignoring=signal.SIGHUP) as process:
        process.send_signal(signal.SIGHUP)
        (stopped.folder / "go-on").touch()
        _, err = process.communicate()
        assert process.returncode == 0, err

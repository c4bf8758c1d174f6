"""`provisioner` as a process that needs no start: a copy of one that has imported it already.

To start Python and to import a build costs more than the small build of a test. A process like
this one has its own environment, folder, output and signal handlers, and is killed like any other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path

from provisioner import __main__ as program

PRELOADED = """
    cryptography.hazmat.primitives.serialization csv encodings.idna importlib.metadata
    importlib.resources jwt sqlite3 yaml
    provisioner.builder.run provisioner.builder.selection provisioner.cli.build
    provisioner.cli.claim provisioner.cli.login provisioner.cli.main provisioner.cli.status
    provisioner.config.load provisioner.config.pool_file
    provisioner.config.pools provisioner.config.step_entries provisioner.config.whole_file
    provisioner.ledger.holder provisioner.ledger.sqlite.build_lock
    provisioner.ledger.sqlite.ledger provisioner.notify.notifier provisioner.report.build
    provisioner.report.manifest provisioner.source.metadata_folder provisioner.source.packaging
    provisioner.steps.install_package provisioner.steps.plan_form provisioner.steps.plugins
    provisioner.steps.run_apex provisioner.steps.tree_loading
"""
FORKING = multiprocessing.get_context("forkserver")


def _own_server() -> None:
    """The workers of `scripts/prove-faults` are forks: the server of their parent is not theirs."""
    forkserver._forkserver.__init__()  # type: ignore[misc]
    FORKING.set_forkserver_preload([*PRELOADED.split(), __name__])


FORKING.set_forkserver_preload([*PRELOADED.split(), __name__])
os.register_at_fork(after_in_child=_own_server)


class Forked:
    """The part of `subprocess.Popen` that the tests use. Output goes into files."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        err: Path,
        before: str = "",
    ) -> None:
        """`before` is Python that runs in the process before the command does."""
        for file in (out, err):
            file.touch()
        given = (tuple(arguments), str(folder), dict(environment), str(out), str(err), before)
        self._process = FORKING.Process(target=_main, args=given)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, at its end; subprocess.TimeoutExpired after `timeout` seconds."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("provisioner", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as the kernel does: at once, without a signal handler."""
        self.send_signal(signal.SIGKILL)


def _main(
    arguments: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    out: str,
    err: str,
    before: str,
) -> None:
    """What `python -m provisioner` does, in the copy."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number, path in ((1, out), (2, err)):
        to = os.open(path, os.O_WRONLY)
        os.dup2(to, number)
        os.close(to)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    exec(before, {})
    sys.argv = ["provisioner", *arguments]
    program.main()

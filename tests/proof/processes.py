"""`provisioner` as a real process in the folder of a night: killed, or run to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.emulator.holds import Hold
from tests.builder.night import Night
from tests.proof.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
TIME_SCALE = "0.002"
TIMEOUT = 120.0  # seconds after which a process counts as hanging


@dataclass(frozen=True)
class Ended:
    """How a process ended, and all that it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its one JSON document."""
        return json.loads(self.out)


class Process:
    """One process. What it says goes into files, so that it never waits for a reader."""

    def __init__(
        self, night: Night, *arguments: str, before: str = "", before_imports: str = ""
    ) -> None:
        """`before` is Python that runs in the process before `provisioner` does.

        `before_imports` also runs before modules are imported, in a Python of its own.
        """
        self._base = night.folder / f"said-{time.monotonic_ns()}"
        self._night = night
        self.process = (
            self._started(before_imports, arguments)
            if before_imports
            else self._forked(before, arguments)
        )

    def _forked(self, before: str, arguments: Sequence[str]) -> Forked:
        return Forked(
            arguments,
            folder=self._night.folder,
            environment=environment(self._night),
            out=self._file("out"),
            err=self._file("err"),
            before=before,
        )

    def _started(self, before_imports: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        program = f"{before_imports}\nfrom provisioner.cli.main import main\nmain()"
        with self._file("out").open("w") as out, self._file("err").open("w") as err:
            return subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                cwd=self._night.folder,
                env=environment(self._night),
                stdout=out,
                stderr=err,
            )

    def end(self, timeout: float = TIMEOUT) -> Ended:
        """Wait for its end."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it hangs; it said:\n{self.said('err')}") from None
        return Ended(code, self.said("out"), self.said("err"))

    def hold(self) -> Hold | None:
        """The request of it that the emulator holds; None when it ended without one."""
        while True:
            is_over = self.process.poll() is not None
            if holds := self._night.world.holds.current(wait=0.05):
                return holds[0]
            if is_over:
                return None

    def kill(self) -> Ended:
        """End it as the kernel does without memory: at once, without a signal handler."""
        self.process.send_signal(signal.SIGKILL)
        return self.end()

    def _file(self, stream: str) -> Path:
        return self._base.with_suffix(f".{stream}")

    def said(self, stream: str) -> str:
        """What it has said so far on `out` or `err`."""
        return self._file(stream).read_text(encoding="utf-8", errors="replace")


def environment(night: Night) -> Mapping[str, str]:
    """Of this tree, whatever is installed; its temporary files stay in the night's folder."""
    temporary = night.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    own = {"PATH": os.environ["PATH"], "HOME": str(night.folder), "TMPDIR": str(temporary)}
    return {**own, "PYTHONPATH": str(ROOT), **night.environ}


def run(night: Night, *arguments: str, before: str = "", before_imports: str = "") -> Ended:
    """One process, to its end."""
    return Process(night, *arguments, before=before, before_imports=before_imports).end()


def build(night: Night, *arguments: str) -> Ended:
    """One `provisioner build --json` at the emulator's speed, to its end."""
    return run(night, "build", "--json", "--time-scale", TIME_SCALE, *arguments)

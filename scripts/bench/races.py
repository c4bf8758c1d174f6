"""Whole processes that run in turn, for benchmarks which compare them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVISIONER = [sys.executable, "-m", "provisioner"]


@dataclass(frozen=True)
class Contestant:
    """A command that is measured, and one that prepares its next round."""

    command: Sequence[str]
    folder: Path
    after: Sequence[str] = ()


@contextmanager
def emulator(folder: Path, username: str) -> Iterator[Mapping[str, str]]:
    """The emulator in its own process; the JSON line that it printed when it was ready."""
    process = subprocess.Popen(
        [*PROVISIONER, "emulator", "--port", "0", "--hub-username", username],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def cpu_seconds() -> float:
    """The CPU time of all processes that have ended: comparable also on a busy machine."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def race(
    contestants: Mapping[str, Contestant],
    environment: Mapping[str, str],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds by name: each command runs once per round; a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, contestant in contestants.items():
            start = clock()
            _run(name, contestant.command, contestant.folder, environment)
            if number:
                seconds[name].append(clock() - start)
            if contestant.after:
                _run(name, contestant.after, contestant.folder, environment)
    return seconds


def _run(name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
    if done.returncode:
        text = (done.stdout + done.stderr).decode(errors="replace")
        raise SystemExit(f"{name} failed (exit {done.returncode}):\n{text}")

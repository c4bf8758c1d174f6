"""The tests of Salesforce CLI plugins against an emulator; see `scripts/clients/plugin-tests`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from plugin_copy import copy_of
from plugin_test_file import Outcome, run_file
from salesforce_cli_install import cli_environment, install_cli
from trial import CACHE

LEFT_OUT = (
    (r"sandbox", "needs a sandbox"),
    (r"agent", "needs an agent"),
)
"""Part of a file's path → why it is not run."""


def main() -> int:
    """Run the files of all repositories; 0 when no test has failed, else 1."""
    arguments, options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the children as well
    start = install_cli()
    all_outcomes = []
    with tempfile.TemporaryDirectory(prefix="plugin-tests-") as directory:
        environment = _environment(start, Path(directory))
        for repository in arguments.repositories:
            folder = copy_of(repository)
            outcomes = []
            for file in _files(folder, arguments.only):
                logs = (
                    arguments.logs / folder.name / str(file.relative_to("test")).replace("/", ".")
                )
                logs.mkdir(parents=True, exist_ok=True)
                began = time.monotonic()
                outcomes.append(
                    run_file(
                        folder,
                        file,
                        logs,
                        environment,
                        minutes=arguments.minutes,
                        options=["--speed", "1000", *options],
                    )
                )
                _print_file(f"{folder.name} {file}", outcomes[-1], time.monotonic() - began)
            _print_total(folder.name, outcomes)
            all_outcomes += outcomes
    if len(arguments.repositories) > 1:
        _print_total("all", all_outcomes)
    return 1 if any(one.failures for one in all_outcomes) else 0


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="plugin-tests", description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    parser.add_argument("--only", default="", help="a regular expression for the path of a file")
    parser.add_argument("--logs", type=Path, default=CACHE / "plugin-tests" / "logs")
    parser.add_argument("--minutes", type=float, default=20, help="the longest time for a file")
    arguments, options = parser.parse_known_args()
    arguments.logs = arguments.logs.resolve()
    print(f"logs: {arguments.logs}", file=sys.stderr)
    return arguments, options


def _environment(start: list[str], folder: Path) -> dict[str, str]:
    """`sf` on PATH, and as the executable to test unless the caller names another.

    The executable of a plugin's repository has no commands of other plugins, which some tests use.
    """
    home, commands = folder / "home", folder / "bin"
    home.mkdir()
    commands.mkdir()
    (commands / "sf").symlink_to(start[1])
    if shutil.which("pwsh") is None:  # plugin-data starts jq by PowerShell, with -c as sh has it
        (commands / "pwsh").write_text('#!/bin/sh\nexec sh "$@"\n')
        (commands / "pwsh").chmod(0o755)
    environment = cli_environment(start, home)
    executable = os.environ.get("TESTKIT_EXECUTABLE_PATH", str(commands / "sf"))
    return {
        **environment,
        "PATH": f"{commands}:{environment['PATH']}",
        "TESTKIT_EXECUTABLE_PATH": executable,
    }


def _files(folder: Path, only: str) -> Iterator[Path]:
    """The test files to run, relative to the folder; those that are left out are printed."""
    for path in sorted((folder / "test").rglob("*.nut.ts")):
        file = path.relative_to(folder)
        reasons = [reason for part, reason in LEFT_OUT if re.search(part, str(file), re.I)]
        if not re.search(only, str(file)):
            continue
        if reasons:
            print(f"{folder.name} {file}: left out: {reasons[0]}", flush=True)
        else:
            yield file


def _print_file(name: str, outcome: Outcome, seconds: float) -> None:
    print(f"{name}: {_counts(outcome)} ({seconds:.0f} s)", flush=True)
    for title, reason in outcome.failures.items():
        line = " ".join(reason.split())
        print(f"    failed: {title}: {line[:200]}", flush=True)


def _print_total(name: str, outcomes: list[Outcome]) -> None:
    total = Outcome(
        passed=sum(one.passed for one in outcomes),
        pending=sum(one.pending for one in outcomes),
    )
    failed = sum(len(one.failures) for one in outcomes)
    ran = total.passed + failed
    share = f", {100 * total.passed / ran:.0f} % passed" if ran else ""
    print(f"{name}: {_counts(total, failed)}{share}", flush=True)


def _counts(outcome: Outcome, failed: int | None = None) -> str:
    failures = len(outcome.failures) if failed is None else failed
    return f"{outcome.passed} passed, {failures} failed, {outcome.pending} pending"


if __name__ == "__main__":
    sys.exit(main())

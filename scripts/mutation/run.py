"""Runs mutmut on some files with their related tests, and prints the mutants that survive.

mutmut knows which tests call a function, but only in its own process. So a mutant that survives
those tests is run a second time, with all related tests that start processes of their own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import operators

ROOT = Path(__file__).parent.parent.parent
WORK = ROOT / ".venv" / "mutation"
SURVIVORS = ROOT / ".venv" / "mutation-survivors"

RELATED: dict[str, tuple[str, ...]] = {
    "provisioner/claim": ("tests/claim",),
    "provisioner/salesforce": ("tests/salesforce", "tests/login"),
    "provisioner/steps": ("tests/steps",),
    "provisioner/builder": ("tests/builder",),
    "provisioner/retry.py": ("tests/test_retry.py", "tests/salesforce", "tests/login"),
    "provisioner": ("tests",),
}
"""The tests of a file or a package; of those that are listed, the nearest counts."""

SETTINGS = """
[tool.mutmut]
source_paths = ["provisioner"]
only_mutate = {files}
also_copy = {copied}
pytest_add_cli_args = {arguments}
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 2.0
timeout_constant = 5.0
type_check_command = {mypy}
"""

ARGUMENTS = ["-p", "no:cacheprovider", "-o", "addopts=", "--ignore=tests/builder/test_design.py"]
"""test_design.py reads the names of functions, and mutmut adds many."""

MYPY = ["mypy", "--output=json", "--no-warn-unreachable", "--disable-error-code=unused-ignore"]
MYPY += [f"--cache-dir={ROOT / '.venv' / 'mutation-mypy'}"]
"""What the type checker refuses is not tested: CI would refuse it, too."""

PROCESS_EVENTS = ("subprocess.Popen", "os.posix_spawn", "os.exec")
FASTEST = 30
KILLED = ("killed", "timeout", "caught by type check")
started_by: set[str] = set()
"""The tests that start processes."""


def main() -> int:
    """0 when no mutant survived, 1 otherwise."""
    options = _options()
    files = sorted(_files(options.paths))
    tests = options.tests or sorted({folder for file in files for folder in _related(file)})
    _copy_project(files, tests)
    os.chdir(WORK)
    operators.install(options.share, options.seed)
    sys.addaudithook(_note_process)
    from mutmut import __main__ as mutmut

    os.environ["PYTHONPATH"] = str(WORK / "mutants")  # processes that tests start run mutants, too
    select = mutmut.set_mutant_under_test

    def select_here(name: str | None) -> None:
        """A mode of mutmut like `stats` is for this process; a mutant is for its children, too."""
        select(name)
        if name is None or "." not in name:
            os.environ.pop("MUTANT_UNDER_TEST", None)

    mutmut.set_mutant_under_test = select_here
    _run_fastest_first()
    again = SURVIVORS.read_text(encoding="utf-8").split() if options.again else []
    with _output_in(WORK / "log"):
        mutmut._run(again, max_children=1)
    outcome = {
        name: status for name, status in _outcome(files).items() if not again or name in again
    }
    _try_processes(outcome)
    left = [name for name, status in outcome.items() if status not in KILLED]
    SURVIVORS.write_text("\n".join(left), encoding="utf-8")
    return _report(outcome, files, tests)


def _run_fastest_first() -> None:
    """Most mutants fail one of the first tests: to collect hundreds of them takes longer."""
    from mutmut.runners.harness import PytestRunner

    run_all = PytestRunner.run_tests

    def in_two_parts(runner: Any, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        tests = list(tests)
        for part in filter(None, (tests[:FASTEST], tests[FASTEST:])):
            if code := run_all(runner, mutant_name=mutant_name, tests=part):
                return int(code)
        return 0 if tests else int(run_all(runner, mutant_name=mutant_name, tests=tests))

    PytestRunner.run_tests = in_two_parts  # type: ignore[method-assign]


@contextmanager
def _output_in(log: Path) -> Iterator[None]:
    """What mutmut and the tests print is kept in a file; its end is shown when they fail."""
    sys.stdout.flush()
    terminal = os.dup(1)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
    try:
        yield
    except BaseException:
        sys.stderr.write(log.read_text(encoding="utf-8").rpartition("\r")[2][-3000:])
        raise
    finally:
        sys.stdout.flush()
        os.dup2(terminal, 1)
        os.close(terminal)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("paths", nargs="+", metavar="PACKAGE_OR_FILE")
    parser.add_argument("--tests", nargs="+", help="test folders or files; by default by package")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants, 0 to 1")
    parser.add_argument("--seed", type=int, default=1, help="chooses the share")
    parser.add_argument(
        "--again", action="store_true", help="only the survivors of the last run; code unchanged"
    )
    return parser.parse_args()


def _files(paths: Iterable[str]) -> set[str]:
    """The Python files that are named, or are below a folder that is."""
    found: set[Path] = set()
    for path in map(Path, paths):
        if not path.exists():
            raise SystemExit(f"scripts/mutate: {path} does not exist")
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    return {str(path) for path in found}


def _related(file: str) -> tuple[str, ...]:
    paths = map(str, (file, *Path(file).parents))
    return next(RELATED[path] for path in paths if path in RELATED)


def _copy_project(files: Sequence[str], tests: Sequence[str]) -> None:
    """The project as git sees it, in a folder of its own, with mutmut's settings."""
    shutil.rmtree(WORK, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (WORK / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, WORK / name)
    copied = sorted({name.partition("/")[0] for name in listed} - {"provisioner", "tests"})
    settings = SETTINGS.format(
        files=list(files),
        copied=copied,
        tests=list(tests),
        mypy=[*MYPY, *files],
        arguments=ARGUMENTS,
    )
    with (WORK / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write(settings)


def _note_process(event: str, _arguments: tuple[object, ...]) -> None:
    if event in PROCESS_EVENTS and "PYTEST_CURRENT_TEST" in os.environ:
        started_by.add(os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0])


def _outcome(files: Iterable[str]) -> dict[str, str]:
    """Name of each mutant → killed, survived, no tests, timeout …"""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.stats import status_by_exit_code

    outcome = {}
    for file in files:
        data = SourceFileMutationData(path=Path(file))
        data.load()
        outcome |= {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
    return outcome


def _try_processes(outcome: dict[str, str]) -> None:
    """Run what survived, or met no test, with the tests that start processes."""
    left = [name for name, status in outcome.items() if status in ("survived", "no tests")]
    if not left or not started_by:
        return
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *sorted(started_by)]
    started = time.monotonic()
    if _fails(command, "none", timeout=1800):
        raise SystemExit("the tests that start processes fail without a mutant")
    took = time.monotonic() - started
    print(f"{len(left)} mutants: {len(started_by)} tests that start processes, {took:.0f} s each")
    for name in left:
        try:
            outcome[name] = "killed" if _fails(command, name, timeout=30 + 4 * took) else "survived"
        except subprocess.TimeoutExpired:
            outcome[name] = "timeout"


def _fails(command: Sequence[str], mutant: str, timeout: float) -> bool:
    done = subprocess.run(
        command, cwd="mutants", env={**os.environ, "MUTANT_UNDER_TEST": mutant}, timeout=timeout,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode != 0


def _report(outcome: dict[str, str], files: Iterable[str], tests: Sequence[str]) -> int:
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    survivors = 0
    for file in files:
        module = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".") + "."
        of_file = {
            name: status
            for name, status in outcome.items()
            if name.rpartition(".")[0] + "." == module
        }
        for name, status in of_file.items():
            if status not in KILLED:
                survivors += 1
                print(f"\n# {name}: {status}")
                print(get_diff_for_mutant(name, path=Path(file)))
        counts = ", ".join(f"{n} {status}" for status, n in Counter(of_file.values()).items())
        print(f"== {file}: {len(of_file)} mutants: {counts or 'none'}")
    counts = ", ".join(f"{n} {status}" for status, n in Counter(outcome.values()).items())
    print(f"== {len(outcome)} mutants of {len(list(files))} files with {' '.join(tests)}: {counts}")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())

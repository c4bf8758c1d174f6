"""Runs mutmut on some files with their related tests, and prints the mutants that survive.

Each mutant meets the related tests that call the mutated function, fastest first, until one fails.
mutmut knows these only in its own process. So a mutant that survives them is run a second time,
with all related tests that start processes of their own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import first_pass
import operators
from related import related

ROOT = Path(__file__).parent.parent.parent
WORK = ROOT / ".venv" / "mutation"
SURVIVORS = ROOT / ".venv" / "mutation-survivors"

SETTINGS = """
[tool.mutmut]
source_paths = ["provisioner"]
only_mutate = {files}
also_copy = {copied}
pytest_add_cli_args = {arguments}
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 5.0
timeout_constant = 10.0
type_check_command = {mypy}
"""

ARGUMENTS = ["-p", "no:cacheprovider", "-o", "addopts=", "--ignore=tests/builder/test_design.py"]
"""test_design.py reads the names of functions, and mutmut adds many."""

MYPY = ["mypy", "--output=json", "--no-warn-unreachable", "--disable-error-code=unused-ignore"]
MYPY += [f"--cache-dir={ROOT / '.venv' / 'mutation-mypy'}"]
"""What the type checker refuses is not tested: CI would refuse it, too."""

PROCESS_EVENTS = ("subprocess.Popen", "os.posix_spawn", "os.exec")
NOT_LEFT = ("killed", "timeout", "caught by type check", "not checked")
STARTED_BY = WORK / "started-by"
started_by: set[str] = set()
"""The tests that start processes of Python."""


def main() -> int:
    """0 when no mutant survived, 1 otherwise."""
    options = _options()
    files = _files(options.paths)
    tests = options.tests or sorted({folder for file in files for folder in related(file)})
    if not options.is_resumed:
        _copy_project(files, tests)
    os.chdir(WORK)
    if options.is_resumed:
        started_by.update(STARTED_BY.read_text(encoding="utf-8").split("\n"))
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
    first_pass.install(
        files, options.tests, started_by, minutes=options.minutes, quick=options.quick
    )
    again = SURVIVORS.read_text(encoding="utf-8").split() if options.again else []
    try:
        with _output_in(WORK / "log"):
            mutmut._run(again, max_children=options.jobs)
    finally:
        STARTED_BY.write_text("\n".join(sorted(started_by)), encoding="utf-8")
    outcome = {
        name: status for name, status in _outcome(files).items() if not again or name in again
    }
    if not options.quick:
        _try_processes(outcome, options)
    left = [name for name, status in outcome.items() if status not in NOT_LEFT]
    SURVIVORS.write_text("\n".join(left), encoding="utf-8")
    return _report(outcome, files, tests)


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
    parser.add_argument(
        "--tests", nargs="+", help="test folders or files; by default those in related.py"
    )
    parser.add_argument("--jobs", type=int, default=4, help="mutants at the same time; tests wait")
    parser.add_argument("--minutes", type=float, help="for the first pass; the rest is not checked")
    parser.add_argument("--share", type=float, default=1.0, help="of the mutants, 0 to 1")
    parser.add_argument("--seed", type=int, default=1, help="chooses the share")
    parser.add_argument(
        "--quick",
        type=float,
        metavar="SECONDS",
        help="only the fastest tests of each mutant, so long in total, and none with processes",
    )
    parser.add_argument(
        "--continue",
        dest="is_resumed",
        action="store_true",
        help="the last run, on its copy of the project: what is not checked yet; same files",
    )
    parser.add_argument(
        "--again", action="store_true", help="only the survivors of the last run; code unchanged"
    )
    return parser.parse_args()


def _files(paths: Iterable[str]) -> list[str]:
    """The Python files that are named, or are below a folder that is, in this order."""
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise SystemExit(f"scripts/mutate: {path} does not exist")
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return list(dict.fromkeys(map(str, found)))


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


def _note_process(event: str, arguments: tuple[object, ...]) -> None:
    """Other programs, like git, run no mutants."""
    test = os.environ.get("PYTEST_CURRENT_TEST")
    if test and event in PROCESS_EVENTS and "python" in str(arguments[:2]):
        started_by.add(test.rpartition(" ")[0])


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


def _try_processes(outcome: dict[str, str], options: argparse.Namespace) -> None:
    """Run what survived, or met no test, with the tests that start processes."""
    left = [name for name, status in outcome.items() if status in ("survived", "no tests")]
    tests = {name: first_pass.of_file(name, started_by, options.tests) for name in left}
    used: set[str] = set().union(*tests.values())
    if not used:
        return
    if _fails(sorted(used), "none", timeout=1800):
        raise SystemExit("the tests that start processes fail without a mutant")
    print(f"{len(left)} mutants with {len(used)} tests that start processes", flush=True)

    def try_one(name: str) -> None:
        if tests[name]:
            outcome[name] = _second_outcome(name, tests[name])

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(try_one, left))


def _second_outcome(name: str, tests: Iterable[str]) -> str:
    try:
        timeout = 60 + 5 * first_pass.duration(tests)
        return "killed" if _fails(sorted(tests), name, timeout) else "survived"
    except subprocess.TimeoutExpired:
        return "timeout"


def _fails(tests: Sequence[str], mutant: str, timeout: float) -> bool:
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd="mutants", env={**os.environ, "MUTANT_UNDER_TEST": mutant}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(timeout) != 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _report(outcome: dict[str, str], files: Iterable[str], tests: Sequence[str]) -> int:
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    survivors = 0
    for file in files:
        module = first_pass.module_of(file)
        of_file = {
            name: status for name, status in outcome.items() if name.rpartition(".")[0] == module
        }
        for name, status in of_file.items():
            if status not in NOT_LEFT:
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

"""The first pass of a run: which tests a mutant meets in mutmut's own process, in which order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from related import related

FASTEST = 30
"""So many tests run first: most mutants fail one of them, and to collect hundreds takes longer."""

HANGS = 20.0, 10.0
"""A test hangs after so many seconds, plus so many times its own duration."""


def install(
    files: Sequence[str],
    tests: Sequence[str] | None,
    starts_processes: Collection[str],
    *,
    minutes: float | None,
    quick: float | None,
) -> None:
    """Make mutmut test the files in this order, each with its related tests of this process.

    `tests` replaces those in related.py; after `minutes` no further mutant is tested; with `quick`
    a mutant meets only the fastest tests, which take so many seconds in total.
    """
    from mutmut import __main__ as mutmut
    from mutmut.runners.harness import PytestRunner
    from mutmut.workers.isolation import ForkRunner

    submit = ForkRunner.submit
    ends: list[float] = []

    def submit_related(runner: Any, name: str, found: list[str], _limit: int, _time: float) -> None:
        ends.append(time.monotonic() + 60 * minutes if minutes else float("inf"))
        if time.monotonic() > ends[0]:
            raise KeyboardInterrupt
        chosen = of_file(name, set(found) - set(starts_processes), tests)
        chosen = _fastest(chosen, quick or float("inf"))
        expected = duration(chosen)
        submit(runner, name, sorted(chosen), 60 + int(5 * expected), expected)

    ForkRunner.submit = submit_related  # type: ignore[method-assign]
    # The tests have just passed without a mutant, when mutmut noted what they call.
    ForkRunner.run_clean_tests = lambda *_, **__: 0  # type: ignore[method-assign]
    PytestRunner.run_tests = _run_fastest_first  # type: ignore[method-assign]
    order = {module_of(file): index for index, file in enumerate(files)}
    mutmut.estimated_worst_case_time = lambda name: order.get(_module(name), 0)


def module_of(file: str) -> str:
    """The name of a module as mutmut has it."""
    return file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")


def _module(mutant: str) -> str:
    return mutant.rpartition(".")[0].removesuffix(".__init__")


def of_file(mutant: str, found: Collection[str], tests: Sequence[str] | None) -> set[str]:
    """Of the tests found, those that belong to the file of a mutant."""
    wanted = tests or related(f"{_module(mutant).replace('.', '/')}.py")
    return {test for test in found if test.startswith(tuple(wanted))}


def _fastest(tests: Iterable[str], seconds: float) -> set[str]:
    """The fastest of these tests, for so many seconds in total."""
    chosen: set[str] = set()
    for test in sorted(tests, key=lambda test: duration([test])):
        seconds -= duration([test])
        if seconds < 0:
            break
        chosen.add(test)
    return chosen


def duration(tests: Iterable[str]) -> float:
    """Seconds that these tests take without a mutant."""
    from mutmut.state import state

    return sum(state().duration_by_test.get(test, 0.0) for test in tests)


def _run_fastest_first(runner: Any, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    from mutmut.utils.file_utils import change_cwd

    tests = list(tests)
    parts = [part for part in (tests[:FASTEST], tests[FASTEST:]) if part] or [[]]
    for part in parts:
        with change_cwd("mutants"):
            arguments = runner._pytest_args_regular_run(part)
            plugins = [_EndsHangingTests()] if mutant_name else []
            if code := int(runner.execute_pytest(arguments, plugins=plugins)):
                return code
    return 0


class _EndsHangingTests:
    """Ends the process of a mutant whose test hangs, as mutmut does after all of its tests."""

    timer: threading.Timer

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        limit = HANGS[0] + HANGS[1] * duration([nodeid])
        self.timer = threading.Timer(limit, os.kill, (os.getpid(), signal.SIGXCPU))
        self.timer.daemon = True
        self.timer.start()

    def pytest_runtest_logfinish(self) -> None:
        self.timer.cancel()

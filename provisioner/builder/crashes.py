"""Unexpected exceptions of one build: each costs at most the org whose job raised it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Protocol

from provisioner import crash
from provisioner.builder.scheduler import Job, bounded
from provisioner.errors import STOPS, ErrorKind, RowValueError
from provisioner.steps.base import StepFailed

MOST_FILES = 20  # crash files of one build; later exceptions are reported without a file


class Crashes:
    """Writes a crash file for each location in the code, once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}  # location in the code → its description

    def described(self, error: BaseException) -> str:
        """What happened, and which file has the traceback; without the text of the error."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        location = f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in last]}"
        with self._lock:
            if location not in self._known and len(self._known) >= MOST_FILES:
                return f"a bug in provisioner ({type(error).__name__})"
            if location not in self._known:
                self._known[location] = crash.described(error)
            return self._known[location]


class Reporting(Protocol):
    """Where unexpected exceptions are reported; a Reporter is one."""

    @property
    def crashes(self) -> Crashes:
        """The crash files of the build."""

    def warn(self, text: str) -> None:
        """Report a warning about the build."""


def guarded(reporter: Reporting, job: Job, failed: Callable[[StepFailed], float | None]) -> Job:
    """`job`, whose unexpected exceptions are passed to `failed` as a StepFailed.

    `failed` returns the delay until the job runs again, None when it does not. A LedgerError and a
    ClockError are raised: without its ledger, or with a wrong clock, a build stops. A RowValueError
    is the failure of one org.
    """

    def run() -> float | None:
        try:
            delay = job()
            return None if delay is None else bounded(delay)
        except RowValueError as error:
            return _pass_on(reporter, StepFailed(error.message), failed)
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other orgs continue
            what = reporter.crashes.described(error)
            return _pass_on(
                reporter, StepFailed(what, kind=ErrorKind.REPLACE, hint=crash.REPORT), failed
            )

    return run


def _pass_on(
    reporter: Reporting, error: StepFailed, failed: Callable[[StepFailed], float | None]
) -> float | None:
    try:
        return failed(error)
    except RowValueError as second:
        reporter.warn(f"{second.message}; the org is left to the next build")
        return None
    except STOPS:
        raise
    except Exception as second:  # noqa: BLE001 - the row is unchanged; the next build continues
        what = reporter.crashes.described(second)
        reporter.warn(f"{what}; the org is left to the next build")
        return None


def harmless(reporter: Reporting, what: str, action: Callable[[], None]) -> None:
    """Do what the build can do without: an unexpected exception is reported, not raised."""
    try:
        action()
    except RowValueError as error:
        reporter.warn(f"{what} failed: {error.message}")
    except STOPS:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        reporter.warn(f"{what} failed: {reporter.crashes.described(error)}")

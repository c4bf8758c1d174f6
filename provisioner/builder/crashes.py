"""Unexpected exceptions of one build: each costs at most the org whose job it came out of."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Protocol

from provisioner import crash
from provisioner.builder.scheduler import Job, bounded
from provisioner.errors import STOPS, ErrorKind, RowValueError
from provisioner.steps.base import StepFailed

MOST_FILES = 20  # crash files of one build; what comes after them is told, and not written


class Crashes:
    """Writes a crash file for each place in the code, once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}  # place in the code → what was said of it

    def described(self, error: BaseException) -> str:
        """What happened, and which file has the traceback; no text of the error itself."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in last]}"
        with self._lock:
            if place not in self._known and len(self._known) >= MOST_FILES:
                return f"a bug in provisioner ({type(error).__name__})"
            if place not in self._known:
                self._known[place] = crash.described(error)
            return self._known[place]


class Reporting(Protocol):
    """Where what happened goes: the part of a build's context that is needed here."""

    @property
    def crashes(self) -> Crashes:
        """The crash files of the build."""

    def say(self, text: str, *, is_warning: bool = False) -> None:
        """Pass a line about the build on."""


def guarded(context: Reporting, job: Job, failed: Callable[[StepFailed], float | None]) -> Job:
    """`job`, whose unexpected exceptions become a StepFailed that `failed` is told of.

    The answer of `failed` is the delay until the job runs again, None when it is over. A
    LedgerError goes through: without its ledger a build stops, and by a wrong clock (ClockError);
    a value that the ledger cannot hold is the affair of the org that it belongs to.
    """

    def run() -> float | None:
        try:
            delay = job()
            return None if delay is None else bounded(delay)
        except RowValueError as error:
            return _handed(context, StepFailed(error.message), failed)
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other orgs go on
            return _told(context, error, failed)

    return run


def _told(
    context: Reporting, error: Exception, failed: Callable[[StepFailed], float | None]
) -> float | None:
    what = context.crashes.described(error)
    return _handed(context, StepFailed(what, kind=ErrorKind.REPLACE, hint=crash.REPORT), failed)


def _handed(
    context: Reporting, error: StepFailed, failed: Callable[[StepFailed], float | None]
) -> float | None:
    try:
        return failed(error)
    except RowValueError as second:
        context.say(f"{second.message}; the org is left to the next build", is_warning=True)
        return None
    except STOPS:
        raise
    except Exception as second:  # noqa: BLE001 - the row stays as it is; the next build sees to it
        context.say(
            f"{context.crashes.described(second)}; the org is left to the next build",
            is_warning=True,
        )
        return None


def harmless(context: Reporting, what: str, action: Callable[[], None]) -> None:
    """Do what the build can do without: an unexpected exception is told, and goes no further."""
    try:
        action()
    except RowValueError as error:
        context.say(f"{what}: {error.message}", is_warning=True)
    except STOPS:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        context.say(f"{what}: {context.crashes.described(error)}", is_warning=True)

"""The result of one check: what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioner.errors import (
    BuildError,
    HubLimitError,
    LoginError,
    ProvisionerError,
    UsageError,
)


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"  # a build works, but not as well or not for long
    PROBLEM = "problem"  # a build would fail
    SKIPPED = "skipped"  # it could not be examined


@dataclass(frozen=True)
class Result:
    """One line of a check. `error` is that of a problem, and determines the exit code."""

    status: Status
    message: str
    hint: str = ""
    error: ProvisionerError | None = None


@dataclass(frozen=True)
class CheckResult:
    """A result with the name of its check; a check may have several."""

    name: str
    result: Result

    def as_json(self) -> dict[str, Any]:
        """The result as `check --online --json` prints it."""
        found = self.result
        return {
            "name": self.name,
            "status": found.status.value,
            "message": found.message,
            "hint": found.hint or None,
        }


def ok(message: str) -> Result:
    """Nothing has to be done."""
    return Result(Status.OK, message)


def warning(message: str, hint: str = "") -> Result:
    """A build works, but something should be done."""
    return Result(Status.WARNING, message, hint)


def skipped(message: str, hint: str = "") -> Result:
    """The check was not possible, and `message` says why."""
    return Result(Status.SKIPPED, message, hint)


def not_checked(*needs: str) -> Result:
    """The checks that must have passed before have not."""
    return skipped(f"not checked, because it needs: {', '.join(map(title, needs))}")


def title(name: str) -> str:
    """The name of a check for people: `private key`, `Dev Hub`."""
    return {"dev_hub": "Dev Hub", "api_version": "API version"}.get(name, name.replace("_", " "))


def problem(error: ProvisionerError) -> Result:
    """A build would fail with this error.

    An error of a build is one of the usage here: the exit code is 2, or 9 without an answer.
    """
    if isinstance(error, BuildError):
        error = UsageError(error.message, code=error.code, hint=error.hint)
    return Result(Status.PROBLEM, error.message, error.hint, error)


def worst(results: Iterable[CheckResult]) -> ProvisionerError | None:
    """The error that determines the exit code; None without problems.

    First what a person has to repair (5, 2), then what may pass by itself (9, 4), so that a script
    may repeat the command after 9 and 4.
    """
    errors = [found.result.error for found in results if found.result.error is not None]
    return min(errors, key=_urgency, default=None)


def _urgency(error: ProvisionerError) -> int:
    if error.is_unreachable:
        return 2
    if isinstance(error, HubLimitError):
        return 3
    return 0 if isinstance(error, LoginError) else 1

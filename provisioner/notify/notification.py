"""A notification about a build: one text, and the same as JSON. It contains no secret."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.plain_text import quantity, visible
from provisioner.report.overview_text import cause_text

if TYPE_CHECKING:
    from provisioner.builder.causes import Cause
    from provisioner.builder.result import BuildResult, PoolResult
    from provisioner.errors import ProvisionerError

MOST_CAUSES = 5
LONGEST_TEXT = 3000  # characters; Slack shows no more of a message without a cut
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Source: Slack developer documentation, Formatting text for app surfaces, Escaping text."""


@dataclass(frozen=True)
class Notification:
    """One message to people. `event` is build_ended, build_stopped or deadline."""

    event: str
    lines: tuple[str, ...]  # the first one is the summary
    exit_code: int | None = None  # None while the build runs
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_problem(self) -> bool:
        """Whether people should act on it."""
        return self.exit_code != 0

    @property
    def text(self) -> str:
        """The lines, for people."""
        return visible("\n".join(self.lines))[:LONGEST_TEXT]

    def slack(self) -> dict[str, str]:
        """The text as an incoming webhook of Slack accepts it."""
        return {"text": self.text.translate(_ESCAPES)}

    def document(self) -> dict[str, Any]:
        """Everything, for a program."""
        return {
            "event": self.event,
            "text": self.text,
            "exit_code": self.exit_code,
            "host": socket.gethostname(),
            **self.details,
        }


def ended(result: BuildResult) -> Notification:
    """The notification about a build that has ended."""
    error = result.error()
    lines = [f"provisioner: {_summary(result)}", *_causes(result.causes)]
    if error is not None and error.hint:
        lines.append(f"hint: {error.hint}")
    lines.append(f"run {result.run} on {socket.gethostname()}")
    return Notification(
        "build_ended",
        tuple(lines),
        result.exit_code,
        {
            "run": result.run,
            "wanted": result.wanted,
            "built": len(result.built),
            "failed": len(result.failed),
            "pools": [
                {"name": pool.name, "size": pool.size, "available": pool.available}
                for pool in result.pools
            ],
            "causes": [cause.document() for cause in result.causes],
            "error": _error(error),
        },
    )


def stopped(error: ProvisionerError) -> Notification:
    """The notification about a build that an error has stopped."""
    lines = [f"provisioner: the build was stopped (exit code {error.exit_code}): {error.message}"]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    lines.append(f"on {socket.gethostname()}")
    return Notification("build_stopped", tuple(lines), error.exit_code, {"error": _error(error)})


def late(text: str) -> Notification:
    """The notification that a pool will not be ready at its deadline."""
    return Notification("deadline", (f"provisioner: {text}", f"on {socket.gethostname()}"))


def _summary(result: BuildResult) -> str:
    pools = ", ".join(map(_pool, result.pools))
    code = f"exit code {result.exit_code}" if result.exit_code else "success"
    return f"{pools} ({code}; {len(result.built)} built, {len(result.failed)} failed)"


def _pool(pool: PoolResult) -> str:
    return f"{pool.name} {pool.available} of {pool.size} available"


def _causes(causes: Iterable[Cause]) -> list[str]:
    listed = list(causes)
    lines = [f"• {cause_text(cause)}" for cause in listed[:MOST_CAUSES]]
    if len(listed) > MOST_CAUSES:
        lines.append(f"• and {quantity(len(listed) - MOST_CAUSES, 'more cause')}")
    return lines


def _error(error: ProvisionerError | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {"code": error.code, "message": error.message, "hint": error.hint}

"""What a build reports to its observer: events of orgs, and messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from provisioner.ledger.base import State

if TYPE_CHECKING:
    from provisioner.builder.overview import Overview


@dataclass(frozen=True)
class OrgEvent:
    """Something happened to one org."""

    username: str
    pool: str
    state: State
    step: str = ""  # the current one: "sign-up", "install_package", "verification"
    position: int = 0  # of the step, from 1 …
    steps: int = 0  # … of so many
    note: str = ""
    is_retry: bool = False


@dataclass(frozen=True)
class Message:
    """Something about the whole build: a limit, a warning, what is resumed."""

    text: str
    is_warning: bool = False
    is_deadline: bool = False  # a pool will not be ready in time


class Observer(Protocol):
    """Called from several threads, but never twice at the same time."""

    def started(self, now: Callable[[], Overview]) -> None:
        """The build has planned. `now` gives what it is doing, at any time and in any thread."""

    def org(self, event: OrgEvent) -> None:
        """Something happened to one org."""

    def message(self, message: Message) -> None:
        """A line about the build itself."""

    def abandon(self) -> None:
        """The process ends at once: leave the terminal in order. Called in a signal handler."""

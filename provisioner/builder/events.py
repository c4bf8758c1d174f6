"""What a build tells whoever watches it: one event per thing worth a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from provisioner.ledger.base import State


@dataclass(frozen=True)
class OrgEvent:
    """Something happened to one org."""

    username: str
    pool: str
    state: State
    step: str = ""  # what it is at: "sign-up", "install_package", "proof"
    position: int = 0  # 1-based place of the step …
    steps: int = 0  # … of so many
    note: str = ""
    is_retry: bool = False


@dataclass(frozen=True)
class Message:
    """Something about the whole build: a limit, a warning, what was resumed."""

    text: str
    is_warning: bool = False


class Observer(Protocol):
    """Called from several threads, never twice at once; must return at once."""

    def org(self, event: OrgEvent) -> None:
        """One org moved on."""

    def message(self, message: Message) -> None:
        """A line about the build itself."""

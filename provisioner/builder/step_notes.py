"""What a step leaves for the report: warnings, and what its program has printed.

The ledger keeps it as the note of an event, in the same write that makes the next step the current
one. So it survives a kill, and `provisioner report` shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.ledger.base import Org
    from provisioner.steps.base import Done

LONGEST_NOTE = 8000  # characters; the Dev Hub ledger keeps 15,000
MOST_WARNINGS = 200  # different ones in a result
_CONTINUES = ": failed, and the org continues:"


@dataclass(frozen=True)
class StepWarning:
    """A warning of a step, and the orgs that have it."""

    pool: str
    step: str
    message: str
    orgs: tuple[str, ...]  # usernames
    is_failure: bool = False  # the step failed, and continue_on_error let the org continue


@dataclass(frozen=True)
class _Key:
    pool: str
    step: str
    message: str
    is_failure: bool


class StepWarnings:
    """The warnings of one build, equal ones together. The caller holds the build's lock."""

    def __init__(self) -> None:
        self._orgs: dict[_Key, list[str]] = defaultdict(list)
        self._left_out = 0

    def add(self, org: Org, step: str, messages: Sequence[str], *, is_failure: bool) -> None:
        """Add warnings of a step in one org."""
        for message in messages:
            key = _Key(org.pool, step, message, is_failure)
            if key not in self._orgs and len(self._orgs) >= MOST_WARNINGS:
                self._left_out += 1
                continue
            if org.username not in self._orgs[key]:
                self._orgs[key].append(org.username)

    def listed(self) -> tuple[StepWarning, ...]:
        """All of them, in the order in which they came; the last one counts what is left out."""
        found = [
            StepWarning(key.pool, key.step, key.message, tuple(orgs), key.is_failure)
            for key, orgs in self._orgs.items()
        ]
        if self._left_out:
            text = f"{self._left_out:,} more warnings; `provisioner report` lists those of each org"
            found.append(StepWarning("", "", text, ()))
        return tuple(found)


def note_of(step: str, outcome: Done, redacted: Callable[[str], str]) -> str:
    """The note about a finished step; "" if it has left nothing."""
    lines = [f"warning: {line}" for line in outcome.warnings]
    if outcome.output:
        lines += ["output:", *outcome.output.splitlines()]
    return shortened(redacted("\n".join([f"{step}:", *lines]))) if lines else ""


@dataclass(frozen=True)
class Noted:
    """What a note tells: the warnings of a step, or the failure after which its org continued."""

    step: str
    warnings: tuple[str, ...]
    is_failure: bool = False


def read_note(note: str) -> Noted | None:
    """The warnings in a note of a step; None for a note without any."""
    first, _, rest = note.partition("\n")
    if first.endswith(_CONTINUES):
        return Noted(first.removesuffix(_CONTINUES), (rest,), is_failure=True)
    if not first.endswith(":"):
        return None
    lines = rest.partition("\noutput:\n")[0].split("\nwarning: ")
    if not lines[0].startswith("warning: "):
        return None
    return Noted(first[:-1], (lines[0].removeprefix("warning: "), *lines[1:]))


def failure_note(step: str, text: str) -> str:
    """The note about a step that has failed in an org that continues."""
    return shortened(f"{step}{_CONTINUES}\n{text}")


def shortened(note: str) -> str:
    """A note that every ledger keeps as a whole."""
    return note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]}…"

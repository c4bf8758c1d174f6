"""All that a ledger holds, to be carried to another one (`provisioner ledger copy`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger.base import Event, Org, Run


@dataclass(frozen=True)
class Contents:
    """Rows in the order in which they came."""

    orgs: tuple[Org, ...] = ()
    events: tuple[Event, ...] = ()
    runs: tuple[Run, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {"orgs": len(self.orgs), "events": len(self.events), "runs": len(self.runs)}

    def __str__(self) -> str:
        """`12 orgs, 80 events, 3 runs`."""
        return ", ".join(f"{count} {name}" for name, count in self.counts().items())


@runtime_checkable
class Copyable(Protocol):
    """A ledger that can be copied from and to."""

    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """As `Ledger.builder_lock`, without a record of the run."""

    def contents(self) -> Contents:
        """All of it, as it is at one instant."""

    def fill(self, contents: Contents) -> None:
        """Write it into an empty ledger, whole or not at all. Raises UsageError when not empty."""


def copy(source: Copyable, target: Copyable, run: Run) -> Contents:
    """Copy everything from `source` to `target`, while no build runs on either.

    `run` is what other builds are told of meanwhile; nothing records it. Raises BusyError while
    a build runs, UsageError when there is nothing to copy or `target` is not empty.
    """
    with source.exclusive(run, wait=False), target.exclusive(run, wait=False):
        contents = source.contents()
        if contents == Contents():
            raise UsageError("the ledger to copy from is empty", hint="is its URL right?")
        target.fill(contents)
    return contents


@contextmanager
def unreadable_translated(name: str) -> Iterator[None]:
    """Turns what is raised for events and runs that cannot be read into LedgerError."""
    try:
        yield
    except (KeyError, ValueError, TypeError):
        raise LedgerError(
            f"an event or a run in {name} cannot be read; nothing was copied",
            code="ledger_corrupt",
            hint="they are history: delete those that somebody edited by hand, then try again",
        ) from None

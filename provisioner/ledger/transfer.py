"""All that a ledger holds, to be carried to another one (`provisioner ledger copy`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger import statements
from provisioner.ledger.base import Event, Org, Run, State
from provisioner.ledger.rows import (
    event_from,
    event_parameters,
    org_from,
    org_parameters,
    run_from,
    run_parameters,
)
from provisioner.ledger.schema import Execute

_ALL = 1_000_000_000  # runs; a LIMIT that both databases take


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
def unread_told(name: str) -> Iterator[None]:
    """Turns what is raised for events and runs that cannot be read into LedgerError."""
    try:
        yield
    except (KeyError, ValueError, TypeError):
        raise LedgerError(
            f"an event or a run in {name} cannot be read; nothing was copied",
            code="ledger_corrupt",
            hint="they are history: delete those that somebody edited by hand, then try again",
        ) from None


class SqlContents(ABC):
    """`Copyable` on an SQL database."""

    def contents(self) -> Contents:
        """All of it, as it is at one instant; nobody writes meanwhile."""
        with self._transaction(write=True) as execute:
            self._hold_still(execute)
            return _read(execute)

    def fill(self, contents: Contents) -> None:
        """Write it into an empty ledger, whole or not at all. Raises UsageError when not empty."""
        with self._transaction(write=True) as execute:
            self._hold_still(execute)
            found = _read(execute)
            if found != Contents():
                raise UsageError(
                    f"the ledger to copy to is not empty: {found}",
                    code="ledger_not_empty",
                    hint="name a new one",
                )
            _write(execute, contents)
            if _read(execute) != contents:
                raise LedgerError("the copy differs from what was copied; nothing was written")

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""

    def _hold_still(self, execute: Execute) -> None:  # noqa: B027 - SQLite has one writer
        """Let nothing change until this transaction ends, where several write at once."""


def _read(execute: Execute) -> Contents:
    orgs = execute(statements.ORGS, statements.of_states(State))
    events = execute(statements.EVENTS, {"username": "", "run": ""})
    runs = execute(statements.RUNS, {"limit": _ALL})
    with unread_told("the ledger"):
        return Contents(
            tuple(map(org_from, orgs)),
            tuple(map(event_from, events)),
            tuple(map(run_from, reversed(runs))),
        )


def _write(execute: Execute, contents: Contents) -> None:
    for org in contents.orgs:
        execute(statements.ADD_ORG, org_parameters(org))
    for event in contents.events:
        execute(statements.ADD_EVENT, event_parameters(event))
    for run in contents.runs:
        execute(statements.START_RUN, run_parameters(run))

"""Copies the contents of one ledger to another (`provisioner ledger copy`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol, runtime_checkable

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger.base import Event, Org, Run
from provisioner.ledger.facts import HubFacts
from provisioner.plain_text import quantity


@dataclass(frozen=True)
class Contents:
    """All rows, in the order of their insertion."""

    orgs: tuple[Org, ...] = ()
    events: tuple[Event, ...] = ()
    runs: tuple[Run, ...] = ()
    facts: tuple[tuple[str, HubFacts], ...] = ()  # of Dev Hubs, by subject, sorted

    @property
    def has_rows(self) -> bool:
        """Whether there is an org, an event or a run. Facts are hints, which a copy replaces."""
        return bool(self.orgs or self.events or self.runs)

    def facts_over(
        self, earlier: tuple[tuple[str, HubFacts], ...]
    ) -> tuple[tuple[str, HubFacts], ...]:
        """The facts after a copy to where `earlier` were: those of other subjects stay."""
        return tuple(sorted({**dict(earlier), **dict(self.facts)}.items(), key=itemgetter(0)))

    def counts(self) -> dict[str, int]:
        """The number of rows of each kind."""
        return {"orgs": len(self.orgs), "events": len(self.events), "runs": len(self.runs)}

    def __str__(self) -> str:
        """`12 orgs, 80 events, 1 run`."""
        kinds = [(self.orgs, "org"), (self.events, "event"), (self.runs, "run")]
        return ", ".join(quantity(len(rows), noun) for rows, noun in kinds)


@runtime_checkable
class Copyable(Protocol):
    """A ledger that can be copied from and to."""

    def exclusive(
        self, run: Run, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """As `Ledger.builder_lock`, without a row of the run."""

    def contents(self) -> Contents:
        """All rows, at one instant."""

    def fill(self, contents: Contents) -> None:
        """Write all rows into an empty ledger, or none. Raises UsageError when it is not empty.

        A ledger that has only facts is empty; facts of the same subject are replaced.
        """


def copy(source: Copyable, target: Copyable, run: Run) -> Contents:
    """Copy all rows from `source` to `target`, while no build runs on either.

    `run` holds the locks meanwhile; it gets no row. Raises BusyError while a build runs,
    UsageError when `source` is empty or `target` is not.
    """
    with source.exclusive(run, wait=False), target.exclusive(run, wait=False):
        contents = source.contents()
        if contents == Contents():
            raise UsageError("the ledger to copy from is empty", hint="check the URL of FROM")
        target.fill(contents)
    return contents


@contextmanager
def unreadable_translated(name: str) -> Iterator[None]:
    """Raises LedgerError for an event or a run that cannot be read."""
    try:
        yield
    except (KeyError, ValueError, TypeError):
        raise LedgerError(
            f"an event or a run in {name} cannot be read; nothing was copied",
            code="ledger_corrupt",
            hint="repair or delete the events and runs that were edited by hand, then try again",
        ) from None

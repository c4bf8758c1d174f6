"""All that a ledger on an SQL database holds: read for a copy, or written as one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger.base import Org, State
from provisioner.ledger.broken import BrokenRowError
from provisioner.ledger.facts import HubFacts
from provisioner.ledger.repair import repaired_row
from provisioner.ledger.rows import (
    ORG_COLUMNS,
    Row,
    column,
    event_from,
    event_parameters,
    org_from,
    org_parameters,
    run_from,
    run_parameters,
)
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.schema import Execute
from provisioner.ledger.transfer import Contents, unreadable_translated

FACTS_KEY = "facts "
_ALL = 1_000_000_000  # runs; a LIMIT that both databases take


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
            if found.has_rows:
                raise UsageError(
                    f"the ledger to copy to is not empty: it has {found}",
                    code="ledger_not_empty",
                    hint="write the URL of an empty ledger as TO",
                )
            wanted = replace(contents, facts=contents.facts_over(found.facts))
            _write(execute, wanted)
            if _read(execute) != wanted:
                raise LedgerError("the copy differs from the original; nothing was written")

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""

    def _hold_still(self, execute: Execute) -> None:  # noqa: B027 - SQLite has one writer
        """Let nothing change until this transaction ends, where several write at once."""


def _read(execute: Execute) -> Contents:
    orgs = execute(statements.ALL_ORGS, statements.of_states(State))
    events = execute(statements.EVENTS, {})
    runs = execute(statements.RUNS, {"limit": _ALL})
    facts = {str(row["key"]): row["value"] for row in execute(statements.ALL_FACTS, {})}
    with unreadable_translated("the ledger"):
        return Contents(
            tuple(map(_org, orgs)),
            tuple(map(event_from, events)),
            tuple(map(run_from, reversed(runs))),
            tuple(
                (key.removeprefix(FACTS_KEY), HubFacts.from_text(text))
                for key, text in sorted(facts.items())  # not by the database, whose locales differ
            ),
        )


def _org(row: Row) -> Org:
    """The org of a row; that of a deleted org, which no build repairs, as far as it can be read.

    Raises BrokenRowError for any other row that cannot be read.
    """
    try:
        return org_from(row)
    except BrokenRowError as error:
        found = repaired_row(error.why, ORG_COLUMNS, partial(column, row))
        if found is None or found.state is not State.DELETED:
            raise
        return found


def _write(execute: Execute, contents: Contents) -> None:
    for org in contents.orgs:
        execute(statements.ADD_ORG, org_parameters(org))
    for event in contents.events:
        execute(statements.ADD_EVENT, event_parameters(event))
    for run in contents.runs:
        execute(statements.START_RUN, run_parameters(run))
    for subject, facts in contents.facts:
        execute(statements.SET_META, {"key": facts_key(subject), "value": facts.text()})


def facts_key(subject: str) -> str:
    """The key of a Dev Hub's facts in the table `meta`."""
    return FACTS_KEY + subject

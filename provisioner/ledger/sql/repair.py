"""Broken rows of an SQL ledger: recorded when they are read, repaired by a build."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from functools import partial

from provisioner.ledger.base import LIVE, Org
from provisioner.ledger.broken import BrokenRow, BrokenRowError, BrokenRows
from provisioner.ledger.repair import broken_row, repaired_row
from provisioner.ledger.rows import ORG_COLUMNS, Row, column, org_from, org_parameters
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.schema import Execute


class SqlRepair(ABC):
    """The part of the ledger's contract that is about broken rows."""

    _broken: BrokenRows

    def broken(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:  # noqa: ARG002 - all can change
        """The rows that it has read and could not convert; no claim takes them."""
        return self._broken.all()

    def repair(
        self,
        rows: Iterable[Org] = (),  # noqa: ARG002 - all can change
        *,
        leave: Collection[str] = (),
    ) -> list[BrokenRow]:
        """Repair the rows that cannot be read, except of the pools `leave`, and return them.

        Only during a build. Not those of deleted orgs: nobody needs what is in them.
        """
        with self._transaction(write=True) as execute:
            found = execute(statements.LIVE_ORGS, statements.of_states(LIVE))
            unread = [(row, _broken_row(row)) for row in found if self._org(row) is None]
            repaired = [
                broken
                for row, broken in unread
                if broken.pool not in leave and self._repair_row(execute, row)
            ]
        for broken in repaired:
            self._broken.forget(broken)
        return repaired

    def _org(self, row: Row) -> Org | None:
        """The org of a row; None for one that cannot be read, which is recorded."""
        try:
            return org_from(row)
        except BrokenRowError:
            self._broken.note(_broken_row(row))
            return None

    def _repair_row(self, execute: Execute, row: Row) -> bool:
        """Repair one row; False if its username cannot be read."""
        org = repaired_row(_why(row), ORG_COLUMNS, partial(column, row))
        if org is None:
            return False
        execute(statements.REPAIR_ORG, {**org_parameters(org), "number": row["number"]})
        self._record(execute, org, note=org.error)
        return True

    @abstractmethod
    def _record(self, execute: Execute, org: Org, *, note: str) -> None:
        """Write the event of a row that was inserted or repaired."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits at the end of the block; rolls back when it raises."""


def _why(row: Row) -> str:
    """The reason why a row cannot be read."""
    try:
        org_from(row)
    except BrokenRowError as error:
        return error.why
    raise AssertionError("the row can be read")


def _broken_row(row: Row) -> BrokenRow:
    location = f"row {row['number']} of the table org"
    return broken_row(location, _why(row), partial(column, row))

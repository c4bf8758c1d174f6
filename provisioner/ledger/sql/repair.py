"""Rows of an SQL ledger that cannot be read: noted when they are met, set aside by a build."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import partial

from provisioner.ledger.base import Org, State
from provisioner.ledger.broken import BrokenRow, BrokenRowError, BrokenRows
from provisioner.ledger.mending import described, set_aside
from provisioner.ledger.rows import ORG_COLUMNS, Row, column, org_from, org_parameters
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.schema import Execute


class SqlMending(ABC):
    """The part of the ledger's contract that is about broken rows."""

    _broken: BrokenRows

    def broken(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:  # noqa: ARG002 - all can change
        """Rows that it has come across and could not read: no claim takes them."""
        return self._broken.all()

    def repair(self, rows: Iterable[Org] = ()) -> list[BrokenRow]:  # noqa: ARG002 - all can change
        """Set the rows aside that cannot be read; which they were. Only while a build runs."""
        with self._transaction(write=True) as execute:
            found = execute(statements.ORGS, statements.of_states(State))
            unread = [row for row in found if self._org(row) is None]
            repaired = [_described(row) for row in unread if self._set_aside(execute, row)]
        for broken in repaired:
            self._broken.forget(broken)
        return repaired

    def _org(self, row: Row) -> Org | None:
        """The org of a row; None for one that cannot be read, which is noted."""
        try:
            return org_from(row)
        except BrokenRowError:
            self._broken.note(_described(row))
            return None

    def _set_aside(self, execute: Execute, row: Row) -> bool:
        """Whether enough of a broken row can be read to give it values in nobody's way."""
        org = set_aside(_why(row), ORG_COLUMNS, partial(column, row))
        if org is None:
            return False
        execute(statements.SET_ASIDE, {**org_parameters(org), "number": row["number"]})
        self._tell(execute, org, note=org.error)
        return True

    @abstractmethod
    def _tell(self, execute: Execute, org: Org, *, note: str) -> None:
        """Record that the row is there from now on."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""


def _why(row: Row) -> str:
    """What is wrong with a row that cannot be read."""
    try:
        org_from(row)
    except BrokenRowError as error:
        return error.why
    raise AssertionError("the row can be read")


def _described(row: Row) -> BrokenRow:
    place = f"row {row['number']} of the table org"
    return described(place, _why(row), partial(column, row))

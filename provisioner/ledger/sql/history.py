"""The orgs that an SQL ledger has had: what is known of them, and how old rows are removed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from provisioner.ledger.base import Org
from provisioner.ledger.past_orgs import Built, PastOrgs
from provisioner.ledger.rows import Row, time_text
from provisioner.ledger.sql import statements
from provisioner.ledger.sql.schema import Execute

KEPT = timedelta(days=90)
"""How long deleted orgs and runs are kept without `keep_history`."""
NEWEST_RUNS = 30
"""Runs that are kept whatever their age: as many as `provisioner.builder.history` reads."""

_MOST_BATCHES = 100  # of one build; what is left is removed by the next ones
_MEASURED = '%"durations": {"%'  # in the summary of a run that has measured something


class SqlHistory(ABC):
    """The part of the ledger's contract that is about past orgs."""

    def find(self, usernames: Iterable[str]) -> list[Org]:
        """The rows of these usernames, in any state; those that cannot be read are left out."""
        with self._transaction(write=False) as execute:
            rows = [row for name in usernames for row in execute(statements.ORG, _named(name))]
        return [org for row in rows if (org := self._org(row)) is not None]

    def pools(self) -> frozenset[str]:
        """The pools of all rows, in any state."""
        with self._transaction(write=False) as execute:
            return frozenset(str(row["pool"]) for row in execute(statements.POOLS, {}))

    def past_orgs(self, consumer_key: str = "") -> PastOrgs:
        """What orgs were built with, in any state."""
        with self._transaction(write=False) as execute:
            rows = execute(statements.BUILT, {})
            key = {"consumer_key": consumer_key}
            has_key = bool(consumer_key and execute(statements.VERIFIED_KEY, key))
        built = (
            (Built(str(row["fingerprint"]), str(row["snapshot"])), row["available_at"] is not None)
            for row in rows
        )
        return PastOrgs.of(built, has_verified_key=has_key)

    def prune(self, keep: timedelta | None) -> None:
        """Remove the rows of orgs that were deleted longer ago, with their events, and old runs.

        It takes short transactions, and none where nothing is old.
        """
        with self._transaction(write=False) as execute:
            before = self._moment(execute) - (KEPT if keep is None else keep)
        for _ in range(_MOST_BATCHES):
            if not self._prune_batch(before):
                return

    def _prune_batch(self, before: datetime) -> bool:
        """Remove what one short transaction may remove; whether there was something."""
        parameters = {
            "before": time_text(before),
            "batch": statements.BATCH,
            "kept": NEWEST_RUNS,
            "measured": _MEASURED,
        }
        with self._transaction(write=False) as execute:
            found = (prune for find, prune in _KINDS if execute(find, {**parameters, "batch": 1}))
            prune = next(found, None)
        if prune is None:
            return False
        with self._transaction(write=True) as execute:
            prune(execute, parameters)
        return True

    @abstractmethod
    def _org(self, row: Row) -> Org | None:
        """The org of a row; None for one that cannot be read, which is recorded."""

    @abstractmethod
    def _moment(self, execute: Execute) -> datetime:
        """Now, by the clock that all who use the ledger share."""

    @abstractmethod
    def _transaction(self, *, write: bool) -> AbstractContextManager[Execute]:
        """Commits when the block ends, and leaves nothing behind when it raises."""


def _prune_runs(execute: Execute, parameters: Mapping[str, Any]) -> None:
    execute(statements.PRUNE_RUNS, parameters)


def _prune_orgs(execute: Execute, parameters: Mapping[str, Any]) -> None:
    removed = execute(statements.PRUNE_ORGS, parameters)
    names: dict[str, str | None] = dict.fromkeys(statements.NAMES)
    names.update(zip(names, (str(row["username"]) for row in removed), strict=False))
    execute(statements.PRUNE_EVENTS, names)


def _prune_notes(execute: Execute, parameters: Mapping[str, Any]) -> None:
    execute(statements.PRUNE_NOTES, parameters)


_KINDS = (
    (statements.HAS_OLD_RUNS, _prune_runs),
    (statements.HAS_OLD_ORGS, _prune_orgs),
    (statements.HAS_OLD_NOTES, _prune_notes),
)
"""How each kind is found and removed; runs first, because the rows of their orgs stay with them."""


def _named(username: str) -> dict[str, str]:
    return {"username": username}

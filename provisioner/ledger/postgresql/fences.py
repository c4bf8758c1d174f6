"""The rows of the table `meta` that name the builder of each pool: fences, which each write checks.

    key                         the builder of
    ──────────────────────────  ─────────────────────────────────────────────────────────────────
    builder of POOL             the pool
    builder                     the whole ledger: a copy or a probe; a build of an earlier version
    former builder RUN of POOL  the pool, until its lock was lost and another build took it over
    former builder RUN          the whole ledger, likewise

A build that takes over changes the row of the one before, and so ends its right to write. It waits
until no call to Salesforce of the one before can be in progress, and then deletes its row. If it
ends earlier, the next one finds the row and waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provisioner.ledger.postgresql.holder import Record
from provisioner.ledger.sql.schema import Execute

_LEDGER = "builder"
_POOL = "builder of "
_FORMER = "former "

_OF_POOLS = (
    "SELECT key, value FROM meta "
    "WHERE key = 'builder' OR key = ANY(CAST(:keys AS text[])) ORDER BY key"
)
_OF_ALL = (
    "SELECT key, value FROM meta WHERE key = 'builder' OR key LIKE 'builder of %' ORDER BY key"
)
_OF_FORMER = "SELECT key, value FROM meta WHERE key LIKE 'former builder %' ORDER BY key"
_WRITE = (
    "INSERT INTO meta (key, value) VALUES (:key, :value) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_RENAME = "UPDATE meta SET key = :new WHERE key = :key AND value = :value"
_REMOVE = "DELETE FROM meta WHERE key = :key AND value = :value"
# The same order for all who lock several rows: no two wait for each other.
_UNTIL_ITS_END = " FOR SHARE"
_TO_CHANGE = " FOR UPDATE"


@dataclass(frozen=True)
class Former:
    """A builder that lost its lock, and may still have a call in progress."""

    key: str
    value: str
    record: Record


@dataclass(frozen=True)
class Fences:
    """The rows of one builder: of its pools or, without pools, of the whole ledger."""

    record: Record
    pools: Collection[str] | None

    def is_current(self, execute: Execute) -> bool:
        """Is this the builder of all its pools? So it stays until the transaction ends."""
        return _rows(execute(_OF_POOLS + _UNTIL_ITS_END, {"keys": [*self._own]})) == self._own

    def may_be_regained(self, execute: Execute) -> bool:
        """Whether a row names a builder that has lost its lock, and may be taking it again now."""
        others = self._others(execute, "")
        return any(not Record.read(value).is_gone for value in others.values())

    def take_over(self, execute: Execute) -> list[Former]:
        """Become the builder, after the transactions of those before, who are fenced out.

        Returns those that may have a call in progress. Only while the locks are held.
        """
        for key, value in self._others(execute, _TO_CHANGE).items():
            self._fence_out(execute, key, value)
        for key, value in self._own.items():
            execute(_WRITE, {"key": key, "value": value})
        return self._formers(execute)

    def forget(self, execute: Execute, formers: Collection[Former]) -> None:
        """No call of these can be in progress any more."""
        for former in formers:
            execute(_REMOVE, {"key": former.key, "value": former.value})

    def remove(self, execute: Execute) -> None:
        """Record that the build has ended, as far as it still is the builder."""
        for key, value in self._own.items():
            execute(_REMOVE, {"key": key, "value": value})

    @cached_property
    def _own(self) -> Mapping[str, str]:
        keys = [_LEDGER] if self.pools is None else [_POOL + pool for pool in sorted(self.pools)]
        return dict.fromkeys(keys, self.record.text())

    def _others(self, execute: Execute, lock: str) -> dict[str, str]:
        """The rows of these pools, or of the whole ledger, that name another builder."""
        statement = _OF_ALL if self.pools is None else _OF_POOLS
        rows = _rows(execute(statement + lock, {"keys": [*self._own]}))
        return {key: value for key, value in rows.items() if value != self._own.get(key)}

    def _fence_out(self, execute: Execute, key: str, value: str) -> None:
        record = Record.read(value)
        if record.is_gone:
            execute(_REMOVE, {"key": key, "value": value})
        else:
            new = _former(key, record)
            execute(_RENAME, {"key": key, "value": value, "new": new})

    def _formers(self, execute: Execute) -> list[Former]:
        found = []
        for key, value in _rows(execute(_OF_FORMER, {})).items():
            record = Record.read(value)
            if self.pools is not None and key not in {
                _former(own, record) for own in (_LEDGER, *self._own)
            }:
                continue  # of other pools
            if record.is_gone:
                execute(_REMOVE, {"key": key, "value": value})
            else:
                found.append(Former(key, value, record))
        return found


def builder_of(execute: Execute, pool: str) -> Record | None:
    """The builder of a pool, or of the whole ledger ("")."""
    key = _POOL + pool if pool else _LEDGER
    value = _rows(execute(_OF_POOLS, {"keys": [key]})).get(key)
    return None if value is None else Record.read(value)


def builders(execute: Execute) -> dict[str, Record]:
    """The builder of each pool that has one, or had one that did not end cleanly."""
    rows = _rows(execute(_OF_ALL, {}))
    return {
        key.removeprefix(_POOL): Record.read(value)
        for key, value in rows.items()
        if key.startswith(_POOL)
    }


def _former(key: str, record: Record) -> str:
    """`former builder RUN of POOL`, for the key `builder of POOL`."""
    return f"{_FORMER}{_LEDGER} {record.holder.run}{key.removeprefix(_LEDGER)}"


def _rows(rows: Collection[Mapping[str, Any]]) -> dict[str, str]:
    return {row["key"]: row["value"] for row in rows}

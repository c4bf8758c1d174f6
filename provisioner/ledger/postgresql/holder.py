"""The row that names the builder, with the fence that its writes check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from provisioner.ledger.base import Run
from provisioner.ledger.holder import Holder, kernel_of_this_process
from provisioner.ledger.sql.schema import Execute

_READ = "SELECT value FROM meta WHERE key = 'builder'"
_FENCE = "SELECT 1 AS ours FROM meta WHERE key = 'builder' AND value = :value FOR SHARE"
_WRITE = (
    "INSERT INTO meta (key, value) VALUES ('builder', :value) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_REMOVE = "DELETE FROM meta WHERE key = 'builder' AND value = :value"


@dataclass(frozen=True)
class Record:
    """A holder, and the kernel that counts its processes."""

    holder: Holder
    kernel: str

    @classmethod
    def of(cls, run: Run) -> Record:
        """This process, building `run`."""
        return cls(Holder.of(run), kernel_of_this_process())

    @classmethod
    def read(cls, execute: Execute) -> Record | None:
        """Who holds the lock, or did and has not given it back."""
        rows = execute(_READ, {})
        return cls._from(json.loads(rows[0]["value"])) if rows else None

    @classmethod
    def _from(cls, values: Mapping[str, object]) -> Record:
        kernel = str(values["kernel"])
        holder = Holder(**{k: v for k, v in values.items() if k != "kernel"})  # type: ignore[arg-type]
        if not kernel or kernel != kernel_of_this_process():
            # Another host, or a container of this one: a pid says nothing there.
            holder = replace(holder, machine="")
        return cls(holder, kernel)

    @property
    def is_gone(self) -> bool:
        """Has the process certainly ended? Never true for one of another host."""
        return self.holder.is_gone

    def is_current(self, execute: Execute) -> bool:
        """Is this still the builder? It stays so until the transaction of `execute` ends."""
        return bool(execute(_FENCE, {"value": self._text()}))

    def write(self, execute: Execute) -> None:
        """Become the builder, after the transaction that the one before is in."""
        execute(_WRITE, {"value": self._text()})

    def remove(self, execute: Execute) -> None:
        """Say that the build has ended, if it still is the builder."""
        execute(_REMOVE, {"value": self._text()})

    def _text(self) -> str:
        return json.dumps({**asdict(self.holder), "kernel": self.kernel}, sort_keys=True)

"""Who builds, as the rows of the table `meta` say it (`provisioner.ledger.postgresql.fences`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from provisioner.ledger.base import Run
from provisioner.ledger.holder import Holder, kernel_of_this_process


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
    def read(cls, text: str) -> Record:
        """The content of a row."""
        values: Mapping[str, object] = json.loads(text)
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

    def text(self) -> str:
        """The content of the row that names this process."""
        return json.dumps({**asdict(self.holder), "kernel": self.kernel}, sort_keys=True)

"""Rows that cannot be read or changed. They do not stop a command from using the other rows.

provisioner writes no such row; a manual edit, another program or a damaged disk does. No claim
gets its org. The ledger records the row, commands report it, and a build repairs it: the org is
then neither offered nor deleted, because it may be in use.
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import LedgerError


class BrokenRowError(LedgerError):
    """A row of the ledger cannot be read; `why` is the reason, as text."""

    def __init__(self, username: str, why: str, location: str = "") -> None:
        at = f" ({location})" if location else ""
        super().__init__(
            f"the ledger's row of {username or 'an unknown org'}{at} cannot be read: {why}",
            code="ledger_corrupt",
            hint="the next `provisioner build` repairs it; `provisioner status` lists such rows",
        )
        self.username = username
        self.why = why


@dataclass(frozen=True)
class BrokenRow:
    """A row that no claim takes, and why. A value that cannot be read is ""."""

    location: str  # `row 7 of the table org`, `the record a0X…`
    why: str
    username: str = ""
    pool: str = ""
    org_id: str = ""
    signup_id: str = ""

    @property
    def name(self) -> str:
        """Its username or, if that cannot be read, its location."""
        return self.username or self.location

    @property
    def advice(self) -> str:
        """What to do about it."""
        if self.username:
            return "the next `provisioner build` repairs it"
        return f"repair or delete {self.location} by hand"

    def __str__(self) -> str:
        """`a@acme.example: its row in the ledger is broken: …; the next build repairs it`."""
        return f"{self.name}: its row in the ledger is broken: {self.why}; {self.advice}"

    def document(self) -> dict[str, str | None]:
        """The row as `status --json` prints it."""
        return {
            "username": self.username or None,
            "pool": self.pool or None,
            "place": self.location,
            "why": self.why,
            "advice": self.advice,
        }


class BrokenRows:
    """The broken rows that a ledger has found since it was opened, each once."""

    def __init__(self) -> None:
        self._found: dict[str, BrokenRow] = {}

    def note(self, row: BrokenRow) -> None:
        """Record it, in place of an earlier finding at the same location."""
        self._found[row.location] = row

    def forget(self, row: BrokenRow) -> None:
        """It is repaired."""
        self._found.pop(row.location, None)

    def all(self) -> list[BrokenRow]:
        """In the order in which they were found."""
        return list(self._found.values())

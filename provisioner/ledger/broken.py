"""Rows that cannot be read or changed as they stand, so that one of them blocks no other.

Nobody of us writes such a row: a hand, another program or a damaged disk does. No claim takes it.
A ledger notes it when it comes across it, commands say which it is, and a build sets it aside:
its org is neither offered nor deleted, because nobody knows any more who uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import LedgerError


class BrokenRowError(LedgerError):
    """One row of the ledger cannot be read; `why` is for people."""

    def __init__(self, username: str, why: str, place: str = "") -> None:
        at = f" ({place})" if place else ""
        super().__init__(
            f"the ledger's row of {username or 'no username'}{at} cannot be read: {why}",
            code="ledger_corrupt",
            hint="`provisioner status` lists such rows; the next `provisioner build` sets it aside",
        )
        self.username = username
        self.why = why


@dataclass(frozen=True)
class BrokenRow:
    """A row that no claim takes: which, of what, and why. What cannot be read of it is ""."""

    place: str  # where it stands: `row 7 of the table org`, `the record a0X…`
    why: str
    username: str = ""
    pool: str = ""
    org_id: str = ""
    signup_id: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.username or self.place

    @property
    def advice(self) -> str:
        """What to do about it."""
        if self.username:
            return "the next `provisioner build` repairs it"
        return f"repair or delete {self.place} by hand"

    def __str__(self) -> str:
        """`a@acme.example: its row is broken and was skipped: …`."""
        return f"{self.name}: its row in the ledger is broken: {self.why}; {self.advice}"

    def document(self) -> dict[str, str | None]:
        """The row as `status --json` prints it."""
        return {
            "username": self.username or None,
            "pool": self.pool or None,
            "place": self.place,
            "why": self.why,
            "advice": self.advice,
        }


class BrokenRows:
    """Those that a ledger has come across since it was opened, each once."""

    def __init__(self) -> None:
        self._found: dict[str, BrokenRow] = {}

    def note(self, row: BrokenRow) -> None:
        """Remember it; what was said last of a place counts."""
        self._found[row.place] = row

    def forget(self, row: BrokenRow) -> None:
        """It is repaired."""
        self._found.pop(row.place, None)

    def all(self) -> list[BrokenRow]:
        """In the order in which they were found."""
        return list(self._found.values())

"""Rows that cannot be read or changed as they stand, so that one of them blocks no other.

Nobody of us writes such a row: a hand, another program or a damaged disk does. No claim takes it.
A ledger notes it when it comes across it, commands say which it is, and a build sets it aside:
its org is neither offered nor deleted, because nobody knows any more who uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.errors import LedgerError
from provisioner.ledger.base import TO_DELETE, Org, State

_SAFE = frozenset({State.CLAIMED, State.DELETED}) | TO_DELETE
"""States in which a row stays as it is: held by somebody, or never offered again."""


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


Read = Callable[[str], Any]
"""The value of a column; raises BrokenRowError when it cannot be read."""


def described(place: str, why: str, read: Read) -> BrokenRow:
    """A broken row, as far as its columns can be read."""
    columns = ("username", "pool", "org_id", "signup_id")
    return BrokenRow(place, why, **{name: _or_nothing(read, name, "") for name in columns})


def set_aside(why: str, names: tuple[str, ...], read: Read) -> Org | None:
    """What a build makes of a broken row: what can be read of it, in a state that harms nobody.

    A claimed one stays its holder's. Any other that may be offered is failed and kept: not
    offered, not deleted by itself. None when not even the username can be read.
    """
    values: Mapping[str, Any] = {
        name: value for name in names if (value := _or_nothing(read, name, _UNREAD)) is not _UNREAD
    }
    if not values.get("username"):
        return None
    org = Org(**{"pool": "unknown", **values})
    org = replace(org, version=org.version + 1, builder_id="", error=f"its row was broken: {why}")
    if "state" in values and org.state in _SAFE:
        return org
    return replace(org, state=State.FAILED, kept=True)


_UNREAD = object()


def _or_nothing(read: Read, name: str, otherwise: Any) -> Any:
    try:
        return read(name)
    except BrokenRowError:
        return otherwise

"""What a build makes of a row that cannot be read: as much of it as can be, in a safe state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from provisioner.ledger.base import TO_DELETE, Org, State
from provisioner.ledger.broken import BrokenRow, BrokenRowError

_SAFE = frozenset({State.CLAIMED, State.DELETED}) | TO_DELETE
"""States in which a row stays as it is: held by somebody, or never offered again."""

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

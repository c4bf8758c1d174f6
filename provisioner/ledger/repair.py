"""Repairs a broken row: keeps the values that can be read, and sets a safe state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from provisioner.ledger.base import TO_DELETE, Org, State
from provisioner.ledger.broken import BrokenRow, BrokenRowError

_SAFE = frozenset({State.CLAIMED, State.DELETED}) | TO_DELETE
"""States that a repair keeps: no claim gets such an org."""

Read = Callable[[str], Any]
"""The value of a column; raises BrokenRowError when it cannot be read."""


def broken_row(location: str, why: str, read: Read) -> BrokenRow:
    """A broken row, with the columns that can be read."""
    columns = ("username", "pool", "org_id", "signup_id")
    return BrokenRow(location, why, **{name: _or_default(read, name, "") for name in columns})


def repaired_row(why: str, names: tuple[str, ...], read: Read) -> Org | None:
    """The broken row with the values that can be read; None if the username cannot be read.

    A claimed org stays claimed. Any other org that a claim could get becomes `failed` and kept:
    it is neither offered nor deleted automatically.
    """
    values: Mapping[str, Any] = {
        name: value for name in names if (value := _or_default(read, name, _UNREAD)) is not _UNREAD
    }
    if not values.get("username"):
        return None
    org = Org(**{"pool": "unknown", **values})
    org = replace(
        org,
        version=org.version + 1,
        builder_id="",
        error=f"its row in the ledger was broken: {why}",
    )
    if "state" in values and org.state in _SAFE:
        return org
    return replace(org, state=State.FAILED, kept=True)


_UNREAD = object()


def _or_default(read: Read, name: str, default: Any) -> Any:
    try:
        return read(name)
    except BrokenRowError:
        return default

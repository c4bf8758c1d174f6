"""The record type, and what a store needs of its org."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from provisioner.emulator.behavior import Behavior

Record = dict[str, Any]
"""By exact field name, with JSON-native values. Never changed in place: see `Rows`."""


class Owner(Protocol):
    """The org of a store. Rules also get it, as an EmulatedOrg."""

    is_hub: bool
    admin_id: str  # the user by whom the platform creates records

    @property
    def behavior(self) -> Behavior:
        """The switches of the world."""

    def new_id(self, prefix: str) -> str:
        """A new 18-character id with this key prefix."""

    def now(self) -> datetime:
        """The time of the world."""

    def is_first_poll(self, record_id: str) -> bool:
        """Whether the current request has not read this record yet."""

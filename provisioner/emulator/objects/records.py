"""What a record is, and what a store has to know of the org that it belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

Record = dict[str, Any]
"""By exact field name, with JSON-native values. Never changed in place: see `Rows`."""


class Owner(Protocol):
    """The org of a store. Rules get it, too, and know it as the EmulatedOrg that it is."""

    is_hub: bool
    admin_id: str  # the user by whom the platform creates records

    def new_id(self, prefix: str) -> str:
        """A new 18-character id with this key prefix."""

    def now(self) -> datetime:
        """The time of the world."""

    def is_first_poll(self, record_id: str) -> bool:
        """Whether the current request has not read this record yet."""

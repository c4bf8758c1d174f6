"""The limits of an emulated Dev Hub and its orgs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Limits:
    """The Dev Hub's scratch org allowances, and the API requests of each org in 24 hours."""

    active: int = 40
    daily: int = 80
    api: int = 100_000
    active_snapshots: int | None = None  # by default as many as scratch orgs
    daily_snapshots: int | None = None  # by default as many as active ones

    @property
    def snapshots(self) -> tuple[int, int]:
        """How many org snapshots may be active, and made in 24 hours.

        Source: docs/reference/sign-up.md#snapshots.
        """
        active = self.active if self.active_snapshots is None else self.active_snapshots
        return active, active if self.daily_snapshots is None else self.daily_snapshots

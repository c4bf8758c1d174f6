"""The limits of an emulated Dev Hub and its orgs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Limits:
    """The Dev Hub's scratch org allowances, and the API requests of each org in 24 hours."""

    active: int = 40
    daily: int = 80
    api: int = 100_000

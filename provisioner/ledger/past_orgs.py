"""What a ledger knows of all orgs that it has had, in short: no build reads all of their rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Built(NamedTuple):
    """What orgs were built with; "" for no snapshot."""

    fingerprint: str
    snapshot: str


@dataclass(frozen=True)
class PastOrgs:
    """Of the rows in all states."""

    verified: frozenset[Built] = frozenset()  # an org of it has been available
    snapshots: frozenset[str] = frozenset()  # names of those from which orgs were signed up
    has_verified_key: bool = False  # an org with the consumer key in question has been available

    @classmethod
    def of(cls, rows: Iterable[tuple[Built, bool]], *, has_verified_key: bool) -> PastOrgs:
        """Of what orgs were built with, and whether one was available."""
        found = list(rows)
        return cls(
            frozenset(built for built, is_verified in found if is_verified),
            frozenset(built.snapshot for built, _ in found if built.snapshot),
            has_verified_key,
        )

    @property
    def verified_snapshots(self) -> frozenset[str]:
        """Snapshots of which an org has been available."""
        return frozenset(built.snapshot for built in self.verified if built.snapshot)

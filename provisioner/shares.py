"""The shares of teams in a pool: who may claim now, from whom one borrows, what is called back.

Pure, from the rows of the pool. An org that a team has claimed within its share is its own. A claim
beyond the share, or without a team, takes what no team has reserved. If there is nothing of that
kind, it borrows from a team that lends: the next build calls back what the team then lacks. See
docs/teams.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner.ledger.base import Org, State

if TYPE_CHECKING:
    from provisioner.config.team import Team

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Decision:
    """Whether a claim may take an org now."""

    is_allowed: bool
    is_own: bool = False  # within the team's own share: served before all others
    lender: str = ""  # the team from whose share it is borrowed
    why: str = ""  # why it is not allowed


class Shares:
    """The shares of one pool at one moment."""

    def __init__(self, teams: Mapping[str, Team], rows: Iterable[Org], now: datetime) -> None:
        rows = list(rows)
        claimed = [row for row in rows if row.state is State.CLAIMED]
        self._teams = teams
        self._available = sum(
            row.state is State.AVAILABLE and (row.expires_at or _LAST) > now for row in rows
        )
        self._used = Counter(row.team for row in claimed if row.team and not row.lender)
        self._lent = Counter(row.lender for row in claimed if row.lender)

    def used(self, team: str) -> int:
        """How many orgs a team has claimed that are not borrowed."""
        return self._used[team]

    def lent(self, team: str) -> int:
        """How many orgs others have borrowed from a team."""
        return self._lent[team]

    def unused(self, team: str) -> int:
        """What is left of the share of a team."""
        return max(0, self._teams[team].share - self._used[team])

    def decide(self, team: str) -> Decision:
        """Whether a claim of `team` ("": of none) may take an org."""
        if team and team in self._teams and self.unused(team):
            return Decision(True, is_own=True)
        others = [name for name in self._teams if name != team]
        if self._available > sum(map(self.unused, others)):
            return Decision(True)
        kept = sum(self.unused(name) for name in others if not self._teams[name].lend)
        lenders = {
            name: left
            for name in others
            if self._teams[name].lend and (left := self.unused(name) - self._lent[name]) > 0
        }
        if self._available > kept and lenders:
            return Decision(True, lender=max(lenders, key=lambda name: (lenders[name], name)))
        reserved = ", ".join(f"{self.unused(name)} for {name}" for name in others)
        whose = f"the share of {team} is used up" if team in self._teams else "no team is named"
        return Decision(False, why=f"{whose}, and the available orgs are reserved: {reserved}")

    def is_kept(self, org: Org) -> bool:
        """Whether the claim of `org`, which is among the rows, keeps to the shares.

        Two claims at the same moment may both have been allowed to take the last org.
        """
        others = [name for name in self._teams if name != org.team]
        if org.lender:
            kept = sum(self.unused(name) for name in others if not self._teams[name].lend)
            team = self._teams.get(org.lender)
            is_covered = team is not None and self._lent[org.lender] <= self.unused(org.lender)
            return is_covered and self._available >= kept
        team = self._teams.get(org.team)
        if team is not None and self._used[org.team] <= team.share:
            return True
        return self._available >= sum(map(self.unused, others))

    def missing(self, available: int) -> Counter[str]:
        """What teams that have lent lack when `available` orgs are available after a build."""
        lacking = max(0, sum(map(self.unused, self._teams)) - available)
        found: Counter[str] = Counter()
        for name in sorted(self._lent, key=lambda name: -self._lent[name]):
            found[name] = min(lacking, self._lent[name])
            lacking -= found[name]
        return found


def to_call_back(
    teams: Mapping[str, Team], rows: Iterable[Org], available: int, now: datetime
) -> list[Org]:
    """The borrowed orgs that must end, so that no team lacks its share: the oldest claims first.

    `available` is how many orgs the pool will have without that.
    """
    rows = list(rows)
    missing = Shares(teams, rows, now).missing(available)
    found = []
    borrowed = [row for row in rows if row.state is State.CLAIMED and row.lender]
    for row in sorted(borrowed, key=lambda row: (row.lease_until or _LAST, row.username)):
        if missing[row.lender] > 0:
            missing[row.lender] -= 1
            found.append(row)
    return found
